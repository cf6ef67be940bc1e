"""Rules of forged tokens: each differs from the true one in exactly what it claims."""

from __future__ import annotations

import jwt
import pytest

from cutover_gates.drivers.token_tampering import strip_signature, tamper_signature
from cutover_gates.hospital import Session

KEY = "k" * 32
TRUE = Session("anna", jwt.encode({"sub": "anna", "role": "clinician"}, KEY, "HS256"))


def test_a_tampered_jwt_claims_more_under_the_old_signature() -> None:
    """So only a target that checks signatures refuses it."""
    forged = tamper_signature(TRUE).access
    assert jwt.decode(forged, options={"verify_signature": False})["role"] == "administrator"
    assert forged.split(".")[2] == TRUE.access.split(".")[2]
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(forged, KEY, ["HS256"])


def test_unsigned_tokens_spell_none_in_every_way() -> None:
    """With an empty signature, and with the old one left on."""
    forged = strip_signature(TRUE)
    assert forged is not None
    heads = [
        (jwt.get_unverified_header(one.access)["alg"], one.access.endswith(".")) for one in forged
    ]
    assert set(heads) == {
        (spelling, empty)
        for spelling in ("none", "None", "NONE", "nOnE")
        for empty in (True, False)
    }


@pytest.mark.parametrize("token", ["opaque-token-0123456789", "a.b.c", "AAAA"])
def test_an_opaque_token_is_tampered_by_one_character_and_an_unsigned_one_is_made_up(
    token: str,
) -> None:
    """There is nothing to sign in it. A forger would still try a JWT that says who he is."""
    session = Session("anna", token)
    forged = tamper_signature(session).access
    assert len(forged) == len(token)
    assert sum(one != other for one, other in zip(forged, token, strict=True)) == 1
    made_up = [
        jwt.decode(one.access, options={"verify_signature": False})
        for one in strip_signature(session)
    ]
    assert {claims["sub"] for claims in made_up} == {"anna"}
    assert {jwt.get_unverified_header(one.access)["alg"] for one in strip_signature(session)} == {
        "none",
        "None",
        "NONE",
        "nOnE",
    }
    assert all(one.access.endswith(".") for one in strip_signature(session))
