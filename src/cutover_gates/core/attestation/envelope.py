"""DSSE envelopes: a statement with its signatures, as one line of JSON.

Sources: https://github.com/secure-systems-lab/dsse (protocol.md, envelope.md) and, for the bundle,
https://github.com/sigstore/protobuf-specs (sigstore_bundle.proto).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from securesystemslib.dsse import Envelope

from cutover_gates.core.attestation.signing_keys import EvidenceSigner, VerifyingKey
from cutover_gates.core.attestation.statement import PAYLOAD_TYPE
from cutover_gates.core.attestation.sums import AttestationError

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
MAX_ENVELOPE_BYTES = 64 * 2**20


@dataclass(frozen=True)
class SignedPayload:
    """The content of an envelope: bytes, and the signatures over them. None is unsigned."""

    payload: bytes
    payload_type: str
    signatures: tuple[bytes, ...] = ()

    @property
    def is_signed(self) -> bool:
        """True where there is a signature; it may still be wrong."""
        return bool(self.signatures)

    def is_signed_by(self, key: VerifyingKey) -> bool:
        """Return True where one of the signatures is the key's.

        The ids of keys in an envelope are hints: other programs leave them out.
        """
        data = encode_for_signing(self.payload, self.payload_type)
        return any(key.verifies(signature, data) for signature in self.signatures)

    def read_statement(self) -> dict[str, Any]:
        """Return the statement in it. Raises `AttestationError`."""
        if self.payload_type != PAYLOAD_TYPE:
            raise AttestationError(f"the envelope holds {self.payload_type[:80]!r}, no statement")
        return parse_json_object(self.payload, "the statement in the envelope")


def encode_for_signing(payload: bytes, payload_type: str) -> bytes:
    """Return the bytes that a signature is over (pre-authentication encoding)."""
    return Envelope(payload, payload_type, {}).pae()


def render_envelope(
    payload: bytes, key: EvidenceSigner | None, payload_type: str = PAYLOAD_TYPE
) -> str:
    """Return an envelope as JSON, signed where a key is given."""
    signatures = []
    if key is not None:
        signature = key.sign(encode_for_signing(payload, payload_type))
        # An empty id, as cosign writes it: programs compare it with ids of their own kinds.
        signatures.append({"keyid": "", "sig": _to_base64(signature)})
    envelope = {
        "payload": _to_base64(payload),
        "payloadType": payload_type,
        "signatures": signatures,
    }
    return json.dumps(envelope, separators=(",", ":")) + "\n"


def render_bundle(envelope: str, key: EvidenceSigner) -> str:
    """Return the same envelope as a Sigstore bundle, which is what cosign reads from version 3."""
    bundle = {
        "mediaType": BUNDLE_TYPE,
        "verificationMaterial": {
            "publicKey": {"hint": _to_base64(bytes.fromhex(key.key_id))},
            "tlogEntries": [],
        },
        "dsseEnvelope": json.loads(envelope),
    }
    return json.dumps(bundle, separators=(",", ":")) + "\n"


def extract_envelope(bundle: str) -> str:
    """Return the envelope in a Sigstore bundle, as JSON."""
    return json.dumps(json.loads(bundle)["dsseEnvelope"], separators=(",", ":")) + "\n"


def parse_envelope(data: bytes) -> SignedPayload:
    """Return the content of an envelope, or of the one in a Sigstore bundle.

    Raises `AttestationError`.
    """
    table = parse_json_object(data, "the envelope")
    if isinstance(table.get("dsseEnvelope"), Mapping):
        table = dict(table["dsseEnvelope"])
    payload, kind, signatures = (table.get(k) for k in ("payload", "payloadType", "signatures"))
    if not isinstance(payload, str) or not isinstance(kind, str):
        raise AttestationError("the envelope lacks a payload or its type")
    if not isinstance(signatures, list) or not all(map(_is_signature, signatures)):
        raise AttestationError("the envelope's signatures are not a list of signatures")
    return SignedPayload(
        _from_base64(payload), kind, tuple(_from_base64(each["sig"]) for each in signatures)
    )


def parse_json_object(data: bytes, what: str) -> dict[str, Any]:
    """Return the JSON object in the data. Raises `AttestationError`."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise AttestationError(f"{what} is not valid JSON") from None
    if not isinstance(value, dict):
        raise AttestationError(f"{what} is not a JSON object")
    return value


def _is_signature(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("sig"), str)


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _from_base64(text: str) -> bytes:
    """Return the decoded bytes; both alphabets are allowed (DSSE, protocol.md)."""
    plain = text.replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain, validate=True)
    except (binascii.Error, ValueError):
        raise AttestationError("the envelope holds what is not base64") from None
