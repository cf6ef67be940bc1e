"""No chain of encodings brings a secret into an output, and ordinary text stays as it is."""

from __future__ import annotations

import base64
import html
import json
import quopri
import textwrap
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cutover_gates.core.evidence.redact import Redactor

Encode = Callable[[str], str]
NAME = "the password"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _base32(text: str) -> str:
    return base64.b32encode(text.encode()).decode()


ENCODINGS: dict[str, Encode] = {
    "plain": str,
    "base64": _base64,
    "base64, url-safe, no padding": lambda text: (
        base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    ),
    "base64 in lines": lambda text: "\n".join(textwrap.wrap(_base64(text), 20)),
    "base64 in lines of a mail": lambda text: "\r\n  ".join(textwrap.wrap(_base64(text), 24)),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "Basic authentication": lambda text: _base64(f"registrar:{text}"),
    "hex": lambda text: text.encode().hex(),
    "hex, upper case": lambda text: text.encode().hex().upper(),
    "hex with colons": lambda text: text.encode().hex(":"),
    "hex in a list": lambda text: ", ".join(f"0x{byte:02x}" for byte in text.encode()),
    "base32": _base32,
    "base32, lower case": lambda text: _base32(text).lower().rstrip("="),
    "base32, shifted": lambda text: _base32(f"abc{text}de"),
    "URL": lambda text: quote(text, safe=""),
    "URL, every byte": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "URL, lower case": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "form": quote_plus,
    "entities": html.escape,
    "decimal entities": lambda text: "".join(f"&#{ord(one)};" for one in text),
    "hex entities": lambda text: "".join(f"&#x{ord(one):x};" for one in text),
    "JSON": lambda text: json.dumps({"a": text}),
    "JSON, every character": lambda text: "".join(
        json.dumps(one)[1:-1] if ord(one) > 0xFFFF else f"\\u{ord(one):04x}" for one in text
    ),
    "Python": lambda text: repr({"a": text.encode()}),
    "quoted-printable": lambda text: quopri.encodestring(text.encode(), quotetabs=True).decode(),
    "quoted-printable, every byte": lambda text: "".join(f"={byte:02X}" for byte in text.encode()),
    "in two lines": lambda text: f"{text[:3]}\n    {text[3:]}",
}
MIXED = sorted(ENCODINGS.keys() - {"base64 of UTF-16"})
"""Encodings that may be the inner one: UTF-16 is read where it is the last step alone."""
CHAINS = {
    "base64 twice": ("base64", "base64"),
    "base64 three times": ("base64", "Basic authentication", "base64, url-safe, no padding"),
    "URL twice": ("URL, every byte", "URL"),
    "hex of base64": ("base64", "hex"),
    "base64 of hex": ("hex", "base64"),
    "base32 of base64": ("base64", "base32"),
    "JSON in JSON in base64": ("JSON", "JSON", "base64"),
    "entities in a URL": ("decimal entities", "URL, every byte"),
    "URL in entities": ("URL, every byte", "hex entities"),
    "wrapped base64 in JSON": ("base64 in lines", "JSON"),
    "base64 in lines, of JSON": ("JSON, every character", "base64 in lines"),
    "quoted-printable of base64": ("base64", "quoted-printable, every byte"),
}
SECRETS = ("hunter22", "pä55/w+rd", "correct-horse-battery", "Zq7!x&<>\"'9", "0123456789abcdef")
LETTERS = st.characters(min_codepoint=33, max_codepoint=0x17F, exclude_categories=["C"])
LOOSE = settings(
    # A busy machine is no fault of the redactor.
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
)


def _encode(secret: str, chain: tuple[str, ...]) -> str:
    for name in chain:
        secret = ENCODINGS[name](secret)
    return secret


def _check(secret: str, text: str) -> None:
    redactor = Redactor()
    redactor.learn(NAME, secret)
    assert redactor.find_secrets(text.encode()) == [NAME]
    masked = redactor.redact_text(text)
    assert f"‹{NAME}›" in masked
    assert redactor.find_secrets(masked.encode()) == []
    assert redactor.redact_text(masked) == masked


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("name", ENCODINGS)
def test_an_encoded_secret_is_masked_and_found(name: str, secret: str) -> None:
    """Alone, and with a text around it."""
    encoded = _encode(secret, (name,))
    if not (name in ("base32, lower case", "hex") and secret == "0123456789abcdef"):
        _check(secret, encoded)
    _check(secret, f"{{'a': \"{encoded}\", 'b': 1}} and more")


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS.keys())
def test_a_chain_of_encodings_hides_nothing(chain: tuple[str, ...], secret: str) -> None:
    """Up to three on top of each other."""
    _check(secret, f"before {_encode(secret, chain)} after")


@LOOSE
@given(
    secret=st.text(LETTERS, min_size=6, max_size=40),
    chain=st.lists(st.sampled_from(MIXED), min_size=1, max_size=2),
    before=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
    after=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
)
def test_no_output_holds_a_secret(secret: str, chain: list[str], before: str, after: str) -> None:
    """Whatever stands around it, also inside of the outer encoding."""
    redactor = Redactor()
    redactor.learn(NAME, secret)
    text = f"{before} {_encode(f'{before} {secret} {after}', tuple(chain))} {after}"
    masked = redactor.redact_text(text)
    assert f"‹{NAME}›" in masked
    assert redactor.find_secrets(masked.encode()) == []


@LOOSE
@given(st.text(st.characters(min_codepoint=9, max_codepoint=0x2FF), max_size=400))
def test_text_without_a_secret_is_not_masked(text: str) -> None:
    """Decoding finds nothing that is not there."""
    # hypothesis draws constants of this file, too.
    assume(not any(secret in text for secret in SECRETS))
    redactor = Redactor()
    for number, secret in enumerate(SECRETS):
        redactor.learn(f"secret {number}", secret)
    assert redactor.find_secrets(text.encode()) == []


def test_what_stands_beside_an_encoded_secret_stays() -> None:
    """A mask covers the secret's own characters, and those that also hold its bits."""
    redactor = Redactor()
    redactor.learn(NAME, "hunter22")
    text = f"https://h/?a=1&p={quote('x=%y ')}%68%75%6e%74%65%72%32%32&b=2"
    assert redactor.redact_text(text) == f"https://h/?a=1&p=x%3D%25y%20‹{NAME}›&b=2"
    encoded = _base64("user:hunter22")
    assert redactor.redact_text(f"Basic {encoded}!") == f"Basic {encoded[:6]}‹{NAME}›==!"


SHORT = {
    'pin="1234"': 'pin="‹pin›"',
    "pin=1234&x=1": "pin=‹pin›&x=1",
    '{"x": "1234"}': '{"x": "‹pin›"}',
    "1234": "‹pin›",
    "12345 and 1234 of 51234": "12345 and 1234 of 51234",
    "room-1234": "room-1234",
}


@pytest.mark.parametrize("text", SHORT)
def test_a_short_secret_is_masked_as_a_whole_value_only(text: str) -> None:
    """A part of a word or a number is none. Of one or two characters nothing is masked."""
    redactor = Redactor()
    redactor.learn("pin", "1234")
    redactor.learn("no secret", "12")
    assert redactor.redact_text(text) == SHORT[text]
    assert redactor.redact_text('"12"') == '"12"'
    assert redactor.find_secrets(text.encode()) == []
