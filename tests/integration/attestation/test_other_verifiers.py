"""Programs that are not ours accept what we sign, and we accept what they sign.

sha256sum (coreutils), openssl, in-toto's own definition of statement and predicate, and
securesystemslib's envelope. cosign: `test_cosign.py`.
"""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from google.protobuf import json_format  # type: ignore[import-untyped]  # it ships no types
from in_toto_attestation.predicates.test_result.v0 import (  # type: ignore[import-untyped]  # no types
    test_result_pb2,
)
from in_toto_attestation.v1.statement import Statement  # type: ignore[import-untyped]  # no types
from in_toto_attestation.v1.statement_pb2 import (  # type: ignore[import-untyped]  # no types
    Statement as StatementMessage,
)
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import (  # type: ignore[attr-defined]  # its __init__ has no __all__
    CryptoSigner,
    SSlibKey,
)

from cutover_gates.core.attestation.envelope import encode_for_signing, parse_envelope
from cutover_gates.core.attestation.verification import verify_folder
from tests.unit.core.attestation.run_folder import KINDS, KeyPair, write_run

OPENSSL_VERIFY = {
    "ed25519": "openssl pkeyutl -verify -pubin -inkey key.pub -rawin -in data -sigfile sig",
    "ecdsa": "openssl dgst -sha256 -verify key.pub -signature sig data",
    "rsa": "openssl dgst -sha256 -verify key.pub -signature sig data",
}
OPENSSL_SIGN = {
    "ed25519": "openssl pkeyutl -sign -inkey key.pem -rawin -in data -out sig",
    "ecdsa": "openssl dgst -sha256 -sign key.pem -out sig data",
    "rsa": "openssl dgst -sha256 -sign key.pem -out sig data",
}


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command.split(), cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def key(kind: str, tmp_path: Path) -> KeyPair:
    key = KeyPair(kind)
    (tmp_path / "key.pub").write_bytes(key.public_pem)
    (tmp_path / "key.pem").write_text(key.private_pem)
    return key


@pytest.fixture
def folder(tmp_path: Path, key: KeyPair) -> Path:
    return write_run(tmp_path / "run", key.signer)


def test_sha256sum_accepts_the_sums(tmp_path: Path) -> None:
    """Also of files with odd names; and it finds a change."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "a\nb\\c").write_text("odd")
    write_run(folder, None)
    assert run("sha256sum --strict -c SHA256SUMS", folder).returncode == 0
    (folder / "a\nb\\c").write_text("changed")
    assert run("sha256sum --strict -c SHA256SUMS", folder).returncode == 1


def test_our_sums_are_those_of_sha256sum(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", None)
    written = run("sha256sum status.md traces/ledger.jsonl verdict.json", folder).stdout
    assert (folder / "SHA256SUMS").read_text() == written


def test_openssl_verifies_our_signature(tmp_path: Path, folder: Path, kind: str) -> None:
    """And refuses it over other data, so that the test can fail."""
    content = parse_envelope((folder / "verdict.intoto.json").read_bytes())
    data = encode_for_signing(content.payload, content.payload_type)
    (tmp_path / "sig").write_bytes(content.signatures[0])
    (tmp_path / "data").write_bytes(data)
    assert run(OPENSSL_VERIFY[kind], tmp_path).returncode == 0
    (tmp_path / "data").write_bytes(data + b" ")
    assert run(OPENSSL_VERIFY[kind], tmp_path).returncode == 1


def test_we_verify_a_signature_of_openssl(
    tmp_path: Path, folder: Path, key: KeyPair, kind: str
) -> None:
    """Over an envelope that is put together by hand, as the specification writes it."""
    payload = parse_envelope((folder / "verdict.intoto.json").read_bytes()).payload
    head = b"DSSEv1 28 application/vnd.in-toto+json %d " % len(payload)
    (tmp_path / "data").write_bytes(head + payload)
    assert run(OPENSSL_SIGN[kind], tmp_path).returncode == 0
    envelope = {
        "payloadType": "application/vnd.in-toto+json",
        "payload": base64.urlsafe_b64encode(payload).decode(),
        "signatures": [{"sig": base64.b64encode((tmp_path / "sig").read_bytes()).decode()}],
    }
    (folder / "verdict.sigstore.json").unlink()
    (folder / "verdict.intoto.json").write_text(json.dumps(envelope))
    assert verify_folder(folder, key.verifier).problems == ()
    assert verify_folder(folder, KeyPair(kind).verifier).problems


def test_the_statement_is_one_of_in_toto(folder: Path) -> None:
    """Parsed by in-toto's own definition, which knows every field of a statement."""
    payload = parse_envelope((folder / "verdict.intoto.json").read_bytes()).payload
    message = json_format.Parse(payload, StatementMessage())
    Statement.copy_from_pb(message).validate()
    assert message.predicate_type == "https://in-toto.io/attestation/test-result/v0.1"
    assert [subject.name for subject in message.subject] == ["release:2.0.0", "SHA256SUMS"]


def test_the_predicate_is_a_test_result_of_in_toto(folder: Path) -> None:
    """The verdict beside its fields is an extension, which its parsing rules ignore."""
    payload = parse_envelope((folder / "verdict.intoto.json").read_bytes()).payload
    predicate = json.loads(payload)["predicate"]
    message = test_result_pb2.TestResult()
    assert set(predicate) - {"verdict"} <= {field.json_name for field in message.DESCRIPTOR.fields}
    json_format.ParseDict(predicate, message, ignore_unknown_fields=True)
    found = json_format.MessageToDict(message)
    assert found["result"] == "WARNED"
    assert found["passedTests"] == ["sign-in", "on-call"]
    assert (found["warnedTests"], found.get("failedTests", [])) == (["redis"], [])
    assert found["configuration"][0]["digest"]["sha256"] == "5" * 64


def test_securesystemslib_verifies_our_envelope(folder: Path, key: KeyPair, kind: str) -> None:
    envelope = Envelope.from_dict(json.loads((folder / "verdict.intoto.json").read_text()))
    assert envelope.verify([_library_key(key)], 1)
    with pytest.raises(VerificationError):
        envelope.verify([_library_key(KeyPair(kind))], 1)


def test_we_verify_an_envelope_of_securesystemslib(folder: Path, key: KeyPair) -> None:
    """With the ids of keys and the scheme for RSA (PSS) that it takes by itself."""
    payload = parse_envelope((folder / "verdict.intoto.json").read_bytes()).payload
    envelope = Envelope(payload, "application/vnd.in-toto+json", {})
    envelope.sign(CryptoSigner(_private_key(key)))
    (folder / "verdict.sigstore.json").unlink()
    (folder / "verdict.intoto.json").write_text(json.dumps(envelope.to_dict()))
    assert verify_folder(folder, key.verifier).problems == ()


def _library_key(key: KeyPair) -> SSlibKey:
    """Return the public key as the library holds it, with our scheme and the empty id."""
    public = load_pem_public_key(key.public_pem)
    assert isinstance(public, RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey)
    scheme = "rsa-pkcs1v15-sha256" if isinstance(public, RSAPublicKey) else None
    found = SSlibKey.from_crypto(public, scheme=scheme)
    found.keyid = ""
    return found


def _private_key(key: KeyPair) -> Any:
    return load_pem_private_key(key.private_pem.encode(), None)
