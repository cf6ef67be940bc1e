"""Keys: which are taken, and that none of their text shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from cutover_gates.core.attestation.signing_keys import (
    load_signer,
    load_verifying_key,
    read_key_file,
)
from cutover_gates.core.attestation.sums import AttestationError
from tests.unit.core.attestation.run_folder import KINDS, KeyPair

REFUSED: dict[str, PrivateKeyTypes] = {
    "a short RSA key": rsa.generate_private_key(65537, 1024),
    "an unknown curve": ec.generate_private_key(ec.SECP256K1()),
    "Ed448": ed448.Ed448PrivateKey.generate(),
    "DSA": dsa.generate_private_key(2048),
}


def pem(
    private: PrivateKeyTypes,
    passphrase: bytes | None = None,
    form: PrivateFormat = PrivateFormat.PKCS8,
) -> str:
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return private.private_bytes(Encoding.PEM, form, encryption).decode()


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_is_of_its_key_and_data(kind: str) -> None:
    key, other = KeyPair(kind), KeyPair(kind)
    signature = key.signer.sign(b"data")
    assert key.verifier.verifies(signature, b"data")
    assert not key.verifier.verifies(signature, b"other")
    assert not other.verifier.verifies(signature, b"data")
    assert not key.verifier.verifies(b"", b"data")
    assert key.signer.key_id == key.verifier.key_id != other.signer.key_id


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_the_curves_of_ecdsa_are_taken(curve: ec.EllipticCurve) -> None:
    private = ec.generate_private_key(curve)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signature = load_signer(pem(private, form=PrivateFormat.TraditionalOpenSSL), None, "key").sign(
        b"data"
    )
    assert load_verifying_key(public, "key").verifies(signature, b"data")


@pytest.mark.parametrize("what", REFUSED)
def test_other_keys_are_refused(what: str) -> None:
    private = REFUSED[what]
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(AttestationError):
        load_signer(pem(private), None, "key")
    with pytest.raises(AttestationError):
        load_verifying_key(public, "key")


def test_a_passphrase_opens_its_key_only() -> None:
    private = pem(ed25519.Ed25519PrivateKey.generate(), b"right")
    assert load_signer(private, "right", "key").sign(b"data")
    for passphrase in ("wrong", None, ""):
        with pytest.raises(AttestationError):
            load_signer(private, passphrase, "key")
    with pytest.raises(AttestationError, match="is not encrypted"):
        load_signer(KeyPair().private_pem, "needless", "key")


@pytest.mark.parametrize("text", ["", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_a_mistake_shows_nothing_of_the_text(text: str) -> None:
    with pytest.raises(AttestationError) as caught:
        load_signer(text, None, "key")
    assert "AAAA" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_signer_shows_its_id_only() -> None:
    key = KeyPair()
    assert repr(key.signer) == f"EvidenceSigner({key.signer.key_id})"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o620])
def test_a_private_key_is_its_owners_only(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key.pem"
    path.write_text("key")
    path.chmod(mode)
    with pytest.raises(AttestationError, match="chmod 600"):
        read_key_file(path, "key", private=True)
    assert read_key_file(path, "key", private=False) == "key"
    path.chmod(0o400)
    assert read_key_file(path, "key", private=True) == "key"
