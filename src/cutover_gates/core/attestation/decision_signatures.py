"""Signatures of people under their waivers and sign-offs.

A person signs one entry of `waivers.toml` or `signoffs.toml`: its kind and all of its keys but
`signature`. So an entry cannot be changed, made to last longer, or moved to another target or
release afterwards.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cutover_gates.core.attestation.envelope import encode_for_signing
from cutover_gates.core.attestation.signing_keys import EvidenceSigner, VerifyingKey
from cutover_gates.core.attestation.statement import canonical_json
from cutover_gates.core.attestation.sums import AttestationError

PAYLOAD_TYPE = "application/vnd.cutover-gates.decision+json"
"""Another type than that of a verdict: a signature under one cannot stand under the other."""
SIGNATURE_KEY = "signature"


@dataclass(frozen=True)
class PersonKeys:
    """The registered keys of people, by their names. A person may have several."""

    keys: Mapping[str, Sequence[VerifyingKey]]

    def find(self, by: str) -> Sequence[VerifyingKey]:
        """Return the keys of the person in `by`: a name, which an office may follow."""
        found: list[VerifyingKey] = []
        for name, keys in self.keys.items():
            if is_by(by, name):
                found += keys
        return found


@dataclass(frozen=True)
class DecisionVerifier:
    """Verify the signatures of decisions. With `required` an unsigned one does not count."""

    people: PersonKeys
    required: bool = False

    def __call__(self, kind: str, row: Mapping[str, Any]) -> bool:
        """Return True for a signed entry, and False for an unsigned one.

        Raises `AttestationError` with the reason where it does not count.
        """
        if SIGNATURE_KEY not in row:
            if self.required:
                raise AttestationError("it is not signed, and require_signed_decisions is true")
            return False
        keys = self.people.find(str(row.get("by", "")))
        if not keys:
            raise AttestationError(
                f"it is signed, and [people] has nobody called {row.get('by')!r} to verify it with"
            )
        signature, data = _decode(row[SIGNATURE_KEY]), encode_decision(kind, row)
        if not any(key.verifies(signature, data) for key in keys):
            raise AttestationError(
                f"its signature is not that of {row.get('by')}: it was changed after it was signed,"
                " or somebody else signed it"
            )
        return True


def sign_decision(kind: str, row: Mapping[str, Any], signer: EvidenceSigner) -> str:
    """Return the signature of an entry, as its key `signature` holds it."""
    return base64.b64encode(signer.sign(encode_decision(kind, row))).decode()


def encode_decision(kind: str, row: Mapping[str, Any]) -> bytes:
    """Return the bytes that are signed. `kind` is the name of the table: waiver or signoff."""
    content = {key: _plain(value) for key, value in row.items() if key != SIGNATURE_KEY}
    return encode_for_signing(canonical_json({"kind": kind, "decision": content}), PAYLOAD_TYPE)


def is_by(by: str, name: str) -> bool:
    """Return True where `by` names the person: alone, or with an office after a comma."""
    return by == name or by.startswith(f"{name},")


def _plain(value: object) -> object:
    """Return a value of TOML as JSON holds it: times as ISO 8601."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def _decode(signature: object) -> bytes:
    try:
        return base64.b64decode(str(signature), validate=True)
    except (binascii.Error, ValueError):
        raise AttestationError("its signature is not base64") from None
