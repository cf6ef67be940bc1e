"""The one place that masks secrets, before anything is written anywhere.

A secret that was *learned* is masked by its name under every encoding that `encodings` reads, alone
or in the middle of a longer text, as in Basic authentication or an Allure attachment. A short one
is masked as a whole value only (docs/decisions/0035-short-secrets.md). A secret that was never
learned is masked by its *shape*: Authorization values, JWTs, passwords in DSNs and URLs, tokens in
JSON and forms.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from cutover_gates.core.evidence.encoded_runs import plain_forms
from cutover_gates.core.evidence.encodings import iterate_views

MIN_SECRET_LENGTH = 6
"""Characters of a secret that is masked wherever it stands.

A shorter text is too likely a part of ordinary words: masking it would garble the evidence.
"""
MIN_VALUE_LENGTH = 3
"""Characters of a secret that is masked as a whole value. One or two are in every text."""

MAX_CACHED_LENGTH = 64
MAX_CACHED_TEXTS = 10_000

_SECRET_WORDS = (
    r"(?:password|passwd|pwd|secret|access_token|refresh_token|id_token|api_?key|signature)"
)
_MASKED = r"(?![$‹])"  # already masked, or a placeholder such as $TOKEN: left as it is
_UNMASKED = r"(?!\w*\s*[$‹])"  # the same behind a scheme
_QUOTE = r"(?:b(?=[\"']))?+[\"']?+"  # what may open a value, given nothing back

_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*"), "‹jwt›"),
    (
        re.compile(rf"(?i)(\bauthorization[\"']?+\s*+[:=]\s*+{_QUOTE}){_UNMASKED}[^\r\n\"'\\]+"),
        r"\1‹authorization›",
    ),
    (
        re.compile(rf"(?i)([\"']authorization[\"'],\s*+{_QUOTE}){_UNMASKED}[^\r\n\"'\\]+"),
        r"\1‹authorization›",
    ),
    (re.compile(rf"(://[^\s/:@\"']*:){_MASKED}[^\s/\"']+@"), r"\1‹password›@"),
    (
        re.compile(
            rf"(?i)(\\?[\"'][\w.-]*{_SECRET_WORDS}\\?[\"']\s*:\s*\\?[\"']){_MASKED}(?:[^\"'\\]|\\[^\"'])+"
        ),
        r"\1‹secret›",
    ),
    (
        re.compile(rf"(?i)({_SECRET_WORDS}\s*=\s*){_MASKED}(?:'[^']*'|\"[^\"]*\"|[^\s&;,'\"]+)"),
        r"\1‹secret›",
    ),
)

_HINT = re.compile(
    r"(?i)eyJ|authorization|://|password|passwd|pwd|secret|_token|api_?key|signature"
)
"""Matches in every text that a shape matches. Most texts hold no hint and skip the six searches."""


class Redactor:
    """Mask every learned secret, and what looks like a secret. Safe under threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        # What is searched for, with the name: the longest first, so that a secret that holds
        # another one gives its name to both.
        self._needles: tuple[tuple[bytes, str], ...] = ()
        self._text_needles: tuple[tuple[bytes, str], ...] = ()
        self._short_values: re.Pattern[str] | None = None
        self._has_blanks = False
        # Short texts that come again and again (keys, methods, types) and hold nothing to mask.
        self._harmless: set[str] = set()
        self._withholds_text = False

    @property
    def withholds_target_text(self) -> bool:
        """Whether free text of a target's refusals is left out: it may name a patient."""
        return self._withholds_text

    def withhold_target_text(self) -> None:
        """Leave free text of a target's refusals out from now on: the target is production."""
        self._withholds_text = True

    def learn(self, name: str, value: str | None) -> None:
        """Remember `value` as a secret called `name`.

        Values under `MIN_VALUE_LENGTH` characters are ignored. The first name of a value stays.
        """
        if value is None or len(value) < MIN_VALUE_LENGTH or value in self._names:
            return
        with self._lock:
            self._names[value] = name
            if len(value) < MIN_SECRET_LENGTH:
                self._short_values = _compile_short_values(self._names)
            else:
                needles = {*self._needles, *((form, name) for form in _byte_forms(value))}
                self._needles = tuple(sorted(needles, key=lambda pair: (-len(pair[0]), pair)))
                self._text_needles = tuple(one for one in self._needles if b"\0" not in one[0])
                self._has_blanks = self._has_blanks or " " in value
            self._harmless = set()

    def learned_secrets(self) -> dict[str, str]:
        """Return every learned secret, value to name, in the order of learning.

        Another process needs it to mask the same. It is never written to a file.
        """
        with self._lock:
            return dict(self._names)

    def redact_text(self, text: str) -> str:
        """Return the text with each secret replaced by `‹its name›`.

        Masking a masked text again changes nothing.
        """
        harmless = self._harmless
        if text in harmless:
            return text
        masked = self._mask_secrets(text)
        if masked == text and len(text) <= MAX_CACHED_LENGTH and len(harmless) < MAX_CACHED_TEXTS:
            harmless.add(text)
        return masked

    def _mask_secrets(self, text: str) -> str:
        text = self._mask_learned(text)
        if self._short_values is not None:
            text = self._short_values.sub(lambda match: f"‹{self._names[match.group()]}›", text)
        if _HINT.search(text):
            for shape, mask in _SHAPES:
                text = shape.sub(mask, text)
        return text

    def _mask_learned(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        spans = _merge(self._find_spans(data))
        if not spans:
            return text
        for start, end, name in reversed(spans):
            data = b"%b\xe2\x80\xb9%b\xe2\x80\xba%b" % (data[:start], name.encode(), data[end:])
        return data.decode("utf-8", "surrogatepass")

    def _find_spans(self, text: bytes) -> Iterator[tuple[int, int, str]]:
        """Yield the places of learned secrets in a text, in any encoding, with their names."""
        if not self._needles or len(text) < MIN_SECRET_LENGTH:
            return
        for view in iterate_views(text, with_blanks=self._has_blanks):
            needles = self._needles if b"\0" in view.data else self._text_needles
            for needle, name in needles:
                place = view.data.find(needle)
                while place >= 0:
                    yield (*view.find_origin(place, place + len(needle)), name)
                    place = view.data.find(needle, place + len(needle))

    def redact_value(self, value: Any) -> Any:
        """Return a JSON-able value with every string in it masked, keys too."""
        if isinstance(value, str):
            return self.redact_text(value)
        if isinstance(value, Mapping):
            return {
                self.redact_text(str(key)): self.redact_value(item) for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.redact_value(item) for item in value]
        return value

    def find_secrets(self, data: bytes) -> list[str]:
        """Return the names of the learned secrets in `data` (an output file), in any encoding.

        A short secret is not looked for: an ordinary word may be one.
        """
        return sorted({name for _, _, name in self._find_spans(data)})


def _byte_forms(value: str) -> Iterator[bytes]:
    """Yield the bytes that a secret may be in a file, or inside of base64."""
    data = value.encode("utf-8", "surrogatepass")
    yield data
    # As Windows programs encode what they put into base64.
    yield value.encode("utf-16-le", "surrogatepass")
    latin = value.encode("latin-1", "ignore")
    if len(latin) == len(value) and latin != data:
        yield latin
    yield from plain_forms(data)


def _compile_short_values(names: Mapping[str, str]) -> re.Pattern[str]:
    """Return the pattern of short secrets where each is all of a value.

    That is the whole text, or between quotation marks or behind `=` or `:` up to the next sign.
    """
    short = sorted((re.escape(one) for one in names if len(one) < MIN_SECRET_LENGTH), key=len)
    before, after = r"(?:(?<=^)|(?<=[\"'=])|(?<=: ))", r"(?=$|[\"'&;,)}\s])"
    return re.compile(f"{before}(?:{'|'.join(reversed(short))}){after}")


def _merge(spans: Iterator[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Return the spans in order; what overlaps is one, with the name of the longest."""
    merged: list[tuple[int, int, str]] = []
    for start, end, name in sorted(set(spans)):
        if merged and start < merged[-1][1]:
            first, last, other = merged[-1]
            longer = other if last - first >= end - start else name
            merged[-1] = (first, max(last, end), longer)
        else:
            merged.append((start, end, name))
    return merged
