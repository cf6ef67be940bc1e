"""The one place that masks secrets, before anything is written anywhere.

A secret that was *learned* is masked by its name in every form that it may take on its way into a
file: plain, URL-quoted, JSON-, XML- or Python-escaped, and in base64 (alone or in the middle of a
longer text, as in Basic authentication or an Allure attachment). A secret that was never learned is
masked by its *shape*: Authorization values, JWTs, passwords in DSNs and URLs, tokens in JSON and
forms.
"""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

MIN_SECRET_LENGTH = 6
"""Characters.

A shorter text is too likely an ordinary word: masking it would garble the evidence.
"""

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


def _base64_forms(value: str) -> Iterator[str]:
    """Return what base64 makes of `value` in the middle of a longer text.

    There is one form for each of the three alignments. Its edges are cut off, since they also hold
    bits of the neighbours.
    """
    data = value.encode()
    for shift in range(3):
        padded = b"\0" * shift + data
        encoded = base64.b64encode(padded).decode()
        start = (0, 2, 3)[shift]  # characters that also hold bits of what stands before
        whole = len(padded) * 8 // 6  # characters whose six bits are all ours
        yield encoded[start:whole]
        yield encoded[start:whole].translate(str.maketrans("+/", "-_"))


def _encoded_forms(value: str) -> set[str]:
    """Return every form in which a secret may stand in a file."""
    quoted = {quote(value, safe=""), quote(value), quote_plus(value)}
    quoted |= {
        re.sub(r"%[0-9A-F]{2}", lambda hex_pair: hex_pair[0].lower(), form) for form in quoted
    }
    escaped = {
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
    }
    escaped |= {json.dumps(form)[1:-1] for form in escaped}  # JSON inside JSON, as attachments are
    marked_up = {html.escape(value), html.escape(value, quote=False)}
    forms = {value, *quoted, *escaped, *marked_up, *_base64_forms(value)}
    return {form for form in forms if len(form) >= MIN_SECRET_LENGTH}


class Redactor:
    """Mask every learned secret, and what looks like a secret. Safe under threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._masks: tuple[tuple[str, str], ...] = ()
        # Short texts that come again and again (keys, methods, types) and hold nothing to mask.
        self._harmless: set[str] = set()

    def learn(self, name: str, value: str | None) -> None:
        """Remember `value` as a secret called `name`.

        Values under `MIN_SECRET_LENGTH` characters are ignored. The first name of a value stays.
        """
        if value is None or len(value) < MIN_SECRET_LENGTH or value in self._names:
            return
        with self._lock:
            self._names[value] = name
            masks = {*self._masks, *((form, name) for form in _encoded_forms(value))}
            # The longest first: a secret that holds another one is masked as a whole.
            self._masks = tuple(sorted(masks, key=lambda mask: (-len(mask[0]), mask)))
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
        for form, name in self._masks:
            if form in text:
                text = text.replace(form, f"‹{name}›")
        if _HINT.search(text):
            for shape, mask in _SHAPES:
                text = shape.sub(mask, text)
        return text

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
        """Return the names of the learned secrets in `data` (an output file), in any form."""
        return sorted({name for form, name in self._masks if form.encode() in data})
