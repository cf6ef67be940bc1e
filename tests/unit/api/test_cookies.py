"""The cookies of a sign-in: what each lacks, and what is no cookie that opens anything."""

from __future__ import annotations

import pytest

from cutover_gates.hospital import ObservedAnswer
from cutover_gates.probes.api.headers.cookies import find_loose_cookies

GUARDED = "sid=0123456789; Path=/; HttpOnly; SameSite=Strict; Secure"


def lacking(text: str, *harmless: str, is_encrypted: bool = True) -> list[str]:
    answer = ObservedAnswer("POST", "/sign-in", 200, {"set-cookie": text} if text else {}, b"")
    findings = find_loose_cookies(answer, is_encrypted=is_encrypted, harmless=harmless)
    return [finding.expected.partition(" ")[0] for finding in findings]


def test_a_guarded_cookie_and_none_at_all_lack_nothing() -> None:
    assert lacking(GUARDED) == lacking("") == []
    assert lacking(GUARDED.lower().replace("strict", "LAX")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (GUARDED.replace("; HttpOnly", ""), ["HttpOnly"]),
        (GUARDED.replace("; SameSite=Strict", ""), ["SameSite=Lax"]),
        (GUARDED.replace("Strict", "None"), ["SameSite=Lax"]),
        (GUARDED.replace("; Secure", ""), ["Secure"]),
        ("sid=1", ["HttpOnly", "SameSite=Lax", "Secure"]),
        (
            f"{GUARDED}, other=2; Expires=Wed, 09 Jun 2027 10:18:14 GMT; Secure; HttpOnly",
            ["SameSite=Lax"],
        ),
    ],
)
def test_each_guard_that_is_missing_is_told(text: str, found: list[str]) -> None:
    assert lacking(text) == found


def test_a_cookie_over_plain_http_cannot_be_secure() -> None:
    """A browser would drop it. That the target speaks plain HTTP is a finding of its own."""
    assert lacking(GUARDED.replace("; Secure", ""), is_encrypted=False) == []


@pytest.mark.parametrize("text", ["sid=; Path=/", 'sid=""; Path=/', "sid=x; Max-Age=0"])
def test_a_cookie_that_is_taken_away_needs_no_guard(text: str) -> None:
    assert lacking(text) == []


def test_a_cookie_for_the_pages_own_script_may_be_read_and_one_that_opens_nothing_anything() -> (
    None
):
    assert lacking("XSRF-TOKEN=1; SameSite=Lax; Secure") == []
    assert lacking("AWSALB=1", "AWSALB") == []
