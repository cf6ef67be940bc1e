"""The cookies that a sign-in sets: who else may read them, send them, or hear them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from cutover_gates.core.findings import Finding
from cutover_gates.hospital import ObservedAnswer
from cutover_gates.probes.api.headers import rules

_SEPARATOR = re.compile(r",\s*(?=[^\s;,=]+=)")
"""The comma between joined Set-Cookie headers. A comma inside a date has no `name=` after it."""
_FOR_SCRIPTS = re.compile("csrf|xsrf", re.IGNORECASE)
"""Names of cookies that a page's own script must read, and send back in a header."""
_GUARDING = ("lax", "strict")


@dataclass(frozen=True)
class SetCookie:
    """One cookie as it was set. `attributes` are by name in lower case. Its value is not kept."""

    name: str
    is_removal: bool
    attributes: dict[str, str]


def parse_cookies(text: str) -> Iterator[SetCookie]:
    """Yield the cookies of a Set-Cookie header, or of several that are joined by commas."""
    for part in filter(None, _SEPARATOR.split(text)):
        pair, *rest = part.split(";")
        name, _, value = pair.strip().partition("=")
        attributes = {}
        for attribute in rest:
            key, _, given = attribute.strip().partition("=")
            attributes[key.lower()] = given.strip()
        is_removal = not value.strip('" ') or attributes.get("max-age", "").startswith(("0", "-"))
        yield SetCookie(name, is_removal, attributes)


def find_loose_cookies(
    answer: ObservedAnswer, *, is_encrypted: bool, harmless: Collection[str]
) -> Iterator[Finding]:
    """Yield a finding for each guard that a cookie of an answer lacks.

    `is_encrypted`: the target is asked over TLS. Without it a browser drops a Secure cookie.
    `harmless` are names of cookies that open nothing.
    """
    for cookie in parse_cookies(answer.headers.get("set-cookie", "")):
        if cookie.is_removal or cookie.name in harmless:
            continue
        for guard, found in _list_lacking(cookie, is_encrypted=is_encrypted):
            subject = f"cookie {cookie.name} of {answer.method} {answer.path}"
            yield Finding(rules.COOKIE_GUARDED, subject, guard, found)


def _list_lacking(cookie: SetCookie, *, is_encrypted: bool) -> Iterator[tuple[str, str]]:
    if "httponly" not in cookie.attributes and not _FOR_SCRIPTS.search(cookie.name):
        yield "HttpOnly", "none"
    same_site = cookie.attributes.get("samesite", "")
    if same_site.lower() not in _GUARDING:
        yield "SameSite=Lax or SameSite=Strict", f"SameSite={same_site}" if same_site else "none"
    if is_encrypted and "secure" not in cookie.attributes:
        yield "Secure", "none"
