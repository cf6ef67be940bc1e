"""The judgement of the headers of one answer, whoever asked for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from urllib.parse import urlsplit

from cutover_gates.config.headers import Headers
from cutover_gates.core.findings import Finding, Rule
from cutover_gates.core.value_text import format_value
from cutover_gates.hospital import ObservedAnswer
from cutover_gates.probes.api.headers import rules
from cutover_gates.probes.api.headers.named_hosts import (
    find_host,
    find_internal_name,
    find_origin,
    find_software,
    is_on_origin,
    list_hosts,
    list_links,
    without_origins,
)
from cutover_gates.util.addresses import origin_of

_CLIENTS_OWN = frozenset({"content-disposition", "etag", "date", "last-modified"})
"""Headers whose values are those of records and times, and never a host."""
_NO_BODY = frozenset({204, 205, 304})
_SHARED_HEADERS = ("cdn-cache-control", "surrogate-control", "cloudflare-cdn-cache-control")
"""Headers by which a cache of the operator is told another life than the browser."""
_NOT_KEPT = frozenset({"no-store", "private", "no-cache"})


@dataclass(frozen=True)
class HeaderJudge:
    """Judges each answer of the target at `base_url`, by its settings."""

    base_url: str
    settings: Headers

    def judge(self, answer: ObservedAnswer) -> Iterator[Finding]:
        """Yield what is wrong with the headers of an answer."""
        yield from self._find_told_internals(answer)
        yield from self._find_strange_links(answer)
        yield from self._find_caching(answer)
        yield from self._find_type(answer)
        yield from self._find_open_credentials(answer)

    @cached_property
    def origins(self) -> frozenset[str]:
        """The origins to which a link may lead."""
        return frozenset(map(origin_of, (self.base_url, *self.settings.link_origins)))

    @cached_property
    def _addresses(self) -> tuple[str, ...]:
        """The hosts that an answer may name: those of the target and of the declared origins."""
        known = (self.base_url, *self.settings.link_origins, *self.settings.allowed_origins)
        return tuple(urlsplit(one).netloc.rpartition("@")[2] for one in known)

    def _find_told_internals(self, answer: ObservedAnswer) -> Iterator[Finding]:
        inside = tuple(self.settings.internal_domains)
        for name, value in answer.headers.items():
            if name in self.settings.not_judged or name in _CLIENTS_OWN:
                continue
            if told := find_internal_name(without_origins(value, self._addresses), inside):
                yield _finding(rules.INTERNAL_ADDRESS, answer, f"header {name}", "no such", told)
            elif told := find_software(name, value):
                yield _finding(rules.SOFTWARE_TOLD, answer, f"header {name}", "no version", told)
        if not answer.token_header:
            return  # a document that anybody may read has examples in it
        for host in list_hosts(answer):
            # Another port of the target's own host, such as its file store, is no news to a client.
            is_own = find_host(f"//{host}") == find_host(self.base_url)
            told = find_internal_name(without_origins(host, self._addresses), inside)
            if told and not is_own:
                subject = "an address in the body"
                yield _finding(rules.INTERNAL_ADDRESS, answer, subject, "no such", told)

    def _find_strange_links(self, answer: ObservedAnswer) -> Iterator[Finding]:
        for place, address in list_links(answer):
            if place.removeprefix("header ") in self.settings.not_judged:
                continue
            is_public = place.startswith("a link") and not answer.token_header
            if not is_public and not is_on_origin(address, self.origins):
                # Without the path: it may hold a token or a name.
                expected, leads = " or ".join(sorted(self.origins)), find_origin(address)
                yield _finding(rules.LINK_ON_ORIGIN, answer, place, expected, leads)

    def _find_caching(self, answer: ObservedAnswer) -> Iterator[Finding]:
        is_kept = answer.method in ("GET", "HEAD") and 200 <= answer.status < 300
        if not is_kept or not answer.token_header or "cache-control" in self.settings.not_judged:
            return
        if kept := find_shared_caching(answer.headers, answer.token_header):
            subject = f"{answer.method} by somebody who is signed in"
            yield _finding(rules.NOT_SHARED, answer, subject, "cache-control: no-store", kept)

    def _find_type(self, answer: ObservedAnswer) -> Iterator[Finding]:
        if not answer.content or answer.status in _NO_BODY or answer.method == "HEAD":
            return
        media_type, first = answer.media_type, answer.content.lstrip()[:1]
        if not media_type and "content-type" not in self.settings.not_judged:
            yield _finding(rules.TYPE_TOLD, answer, "content-type", "a media type", "none")
        elif media_type == "text/html" and first in (b"{", b"["):
            yield _finding(rules.TYPE_TOLD, answer, "content-type of JSON", "JSON", media_type)

    def _find_open_credentials(self, answer: ObservedAnswer) -> Iterator[Finding]:
        origin = answer.headers.get("access-control-allow-origin", "").strip()
        credentials = answer.headers.get("access-control-allow-credentials", "").strip().lower()
        if origin in ("*", "null") and credentials == "true":
            subject = "access-control-allow-origin with credentials"
            yield _finding(rules.CREDENTIALS_KEPT, answer, subject, "named origins", origin)


def _finding(
    rule: Rule, answer: ObservedAnswer, subject: str, expected: str, actual: str
) -> Finding:
    shown = f"{format_value(actual)} in HTTP {answer.status} to {answer.method} {answer.path}"
    return Finding(rule, subject, expected, shown)


def find_shared_caching(headers: Mapping[str, str], token_header: str) -> str:
    """Return by what a shared cache may keep an answer to a signed-in person; else an empty text.

    `token_header` is the header that showed the token: caches know what Authorization means, and of
    no other header do they know that the answer is private.
    """
    for name in _SHARED_HEADERS:
        if _lives(_parse_directives(headers.get(name, ""))):
            return f"{name}: {headers[name]}"
    text = headers.get("cache-control", "")
    directives = _parse_directives(text)
    if "no-store" in directives:
        return ""
    if "public" in directives or _lives(directives, shared=True):
        return f"cache-control: {text}"
    if directives.keys() & _NOT_KEPT:
        return ""
    return _find_default_caching(headers, token_header)


def _find_default_caching(headers: Mapping[str, str], token_header: str) -> str:
    """Return what keeps an answer of which nothing says that it is private."""
    directives = _parse_directives(headers.get("cache-control", ""))
    if "max-age" not in directives and _is_in_future(headers.get("expires", "")):
        return f"expires: {headers['expires']}"
    is_told = bool(directives) or "expires" in headers or "no-cache" in headers.get("pragma", "")
    if not is_told and token_header != "authorization" and "last-modified" in headers:
        return f"last-modified without cache-control, and the token in {token_header}"
    return ""


def _parse_directives(text: str) -> dict[str, str]:
    parts = (part.strip().partition("=") for part in text.lower().split(","))
    return {name.strip(): value.strip().strip('"') for name, _, value in parts if name}


def _lives(directives: Mapping[str, str], *, shared: bool = False) -> bool:
    """Return whether the directives give an answer a life; `shared`: whatever else they say."""
    if _gives_life(directives, "s-maxage"):
        return shared or not directives.keys() & _NOT_KEPT
    return not directives.keys() & _NOT_KEPT and _gives_life(directives, "max-age")


def _gives_life(directives: Mapping[str, str], name: str) -> bool:
    """Return whether a directive says more than no seconds, with however many digits."""
    value = directives.get(name, "")
    return value.isdecimal() and any(int(digit) for digit in value)


def _is_in_future(text: str) -> bool:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return False  # "0" and "-1" mean: already over
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return zoned > datetime.now(UTC)
