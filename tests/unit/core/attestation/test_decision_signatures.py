"""Signatures under waivers and sign-offs: of the right person, over the whole entry."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.core.attestation.decision_signatures import (
    DecisionVerifier,
    PersonKeys,
    encode_decision,
    sign_decision,
)
from cutover_gates.core.attestation.sums import AttestationError
from cutover_gates.core.waivers import load_decisions
from tests.unit.core.attestation.run_folder import KINDS, KeyPair

ADA, GRACE = KeyPair(), KeyPair("ecdsa")
VERIFIER = DecisionVerifier(
    PersonKeys({"Ada Example": [ADA.verifier], "Grace Example": [GRACE.verifier]})
)
TEXT = """
item = "redis"
target = "staging"
release = "2.0.0"
by = "Ada Example, release captain"
at = 2026-11-23
reason = "one node is being replaced"
expires = 2026-11-24T02:00:00Z
covers = "not proven"
"""


def entry(**changes: Any) -> dict[str, Any]:
    return {**tomllib.loads(TEXT), **changes}


def signed(key: KeyPair = ADA, **changes: Any) -> dict[str, Any]:
    row = entry(**changes)
    return {**row, "signature": sign_decision("waiver", row, key.signer)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_of_the_person_counts(kind: str) -> None:
    key = KeyPair(kind)
    verifier = DecisionVerifier(PersonKeys({"Ada Example": [ADA.verifier, key.verifier]}))
    assert verifier("waiver", signed(key))


def test_an_unsigned_entry_is_told_from_a_signed_one() -> None:
    assert VERIFIER("waiver", entry()) is False


@pytest.mark.parametrize(
    "change",
    [
        {"item": "documents"},
        {"target": "production"},
        {"release": "2.0.1"},
        {"reason": "because"},
        {"expires": tomllib.loads("a = 2027-11-24")["a"]},
        {"at": tomllib.loads("a = 2026-11-22")["a"]},
        {"covers": "anything"},
        {"by": "Ada Example"},
        {"by": "Grace Example"},
        {"rule": "DATA-001"},
    ],
    ids=str,
)
def test_no_key_of_a_signed_entry_can_be_changed(change: dict[str, Any]) -> None:
    with pytest.raises(AttestationError, match="is not that of"):
        VERIFIER("waiver", {**signed(), **change})


def test_no_key_of_a_signed_entry_can_be_taken_away() -> None:
    row = signed()
    del row["covers"]
    with pytest.raises(AttestationError):
        VERIFIER("waiver", row)


def test_a_signed_waiver_is_no_signed_sign_off() -> None:
    with pytest.raises(AttestationError):
        VERIFIER("signoff", signed())


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (signed(GRACE), "is not that of Ada Example"),
        (signed(by="Mallory Example"), "nobody called"),
        (signed(by="Ada Example-Smith"), "nobody called"),
        (signed(by="ada example"), "nobody called"),
        ({**entry(), "signature": "?"}, "not base64"),
        ({**entry(), "signature": ""}, "is not that of"),
        ({**entry(), "signature": 7}, "not base64"),
    ],
    ids=["another person", "unknown", "a longer name", "lower case", "broken", "empty", "number"],
)
def test_a_wrong_signature_is_rejected_with_its_reason(row: dict[str, Any], says: str) -> None:
    with pytest.raises(AttestationError, match=says):
        VERIFIER("waiver", row)


def test_where_signatures_are_required_an_unsigned_entry_does_not_count() -> None:
    verifier = DecisionVerifier(VERIFIER.people, required=True)
    assert verifier("waiver", signed())
    with pytest.raises(AttestationError, match="it is not signed"):
        verifier("waiver", entry())


def test_an_entry_is_signed_whatever_the_order_of_its_keys() -> None:
    row = entry()
    assert encode_decision("waiver", row) == encode_decision(
        "waiver", dict(reversed(list(row.items())))
    )


def test_a_file_tells_which_of_its_decisions_count(tmp_path: Path) -> None:
    """One signed, one unsigned, one whose signature was copied from the first."""
    signature = signed()["signature"]
    forged = TEXT.replace('"redis"', '"documents"')
    path = tmp_path / "waivers.toml"
    path.write_text(
        f'[[waiver]]{TEXT}signature = "{signature}"\n[[waiver]]{TEXT}'
        f'[[waiver]]{forged}signature = "{signature}"\n'
    )
    first, second, third = load_decisions(path, "waiver", VERIFIER)
    assert (first.is_signed, first.signature_problem) == (True, "")
    assert (second.is_signed, second.signature_problem) == (False, "")
    assert not third.is_signed
    assert "is not that of" in third.signature_problem
