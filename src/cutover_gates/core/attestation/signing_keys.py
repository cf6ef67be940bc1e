"""Keys of signers: reading them, and signing and verifying with them.

Ed25519, ECDSA (P-256, P-384, P-521) and RSA from 2048 bits, in PEM. The id of a key is the SHA-256
of its public part in DER: `openssl pkey -pubin -in key.pem -outform DER | sha256sum`.
"""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import (  # type: ignore[attr-defined]  # its __init__ has no __all__
    CryptoSigner,
    Signature,
    SSlibKey,
)

from cutover_gates.core.attestation.sums import AttestationError

RSA_SCHEMES = ("rsa-pkcs1v15-sha256", "rsassa-pss-sha256")
"""The first is what we sign with, as cosign does. Both are verified."""
LEAST_RSA_BITS = 2048
MAX_KEY_BYTES = 64 * 2**10
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
_PRIVATE_TYPES = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey)
_PUBLIC_TYPES = (rsa.RSAPublicKey, ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)
_KINDS = "write an Ed25519, ECDSA (P-256, P-384, P-521) or RSA key in PEM"


class EvidenceSigner:
    """A private key that signs, with its public part. Its repr shows the id only."""

    def __init__(self, signer: CryptoSigner, verifier: VerifyingKey) -> None:
        self._signer, self.verifier = signer, verifier
        self.key_id = verifier.key_id

    def __repr__(self) -> str:
        return f"EvidenceSigner({self.key_id})"

    def sign(self, data: bytes) -> bytes:
        """Return the signature of the data."""
        return bytes.fromhex(self._signer.sign(data).signature)


class VerifyingKey:
    """A public key that verifies. An RSA key verifies both schemes of `RSA_SCHEMES`."""

    def __init__(self, public: PublicKey) -> None:
        self.key_id = compute_key_id(public)
        self.is_ed25519 = isinstance(public, ed25519.Ed25519PublicKey)
        schemes = RSA_SCHEMES if isinstance(public, rsa.RSAPublicKey) else (None,)
        self._keys = [SSlibKey.from_crypto(public, self.key_id, scheme) for scheme in schemes]

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Return True where the signature is this key's over the data."""
        return any(_is_verified(key, signature, data) for key in self._keys)


def load_signer(pem: str, passphrase: str | None, where: str) -> EvidenceSigner:
    """Return the private key in a PEM text. Raises `AttestationError`; no text of the key shows."""
    try:
        private = load_pem_private_key(pem.encode(), passphrase.encode() if passphrase else None)
    except TypeError:
        need = "is not encrypted, and a passphrase is given" if passphrase else "needs a passphrase"
        raise AttestationError(f"{where}: the key {need}") from None
    except (ValueError, UnsupportedAlgorithm):
        wrong = "the passphrase is wrong, or it" if passphrase else "it"
        raise AttestationError(f"{where}: {wrong} is not a private key: {_KINDS}") from None
    if not isinstance(private, _PRIVATE_TYPES):
        raise AttestationError(f"{where}: a key of this kind is not supported: {_KINDS}")
    public = private.public_key()
    _refuse_weak_key(public, where)
    scheme = RSA_SCHEMES[0] if isinstance(private, rsa.RSAPrivateKey) else None
    try:
        key = SSlibKey.from_crypto(public, compute_key_id(public), scheme)
        return EvidenceSigner(CryptoSigner(private, key), VerifyingKey(public))
    except ValueError:  # such as a curve that it does not know
        raise AttestationError(f"{where}: a key of this kind is not supported: {_KINDS}") from None


def load_verifying_key(pem: bytes, where: str) -> VerifyingKey:
    """Return the public key in a PEM text. Raises `AttestationError`."""
    if b"PRIVATE KEY" in pem:
        raise AttestationError(
            f"{where} is a private key: give the public one (openssl pkey -in KEY -pubout)"
        )
    try:
        public = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise AttestationError(f"{where} is not a public key: {_KINDS}") from None
    if not isinstance(public, _PUBLIC_TYPES):
        raise AttestationError(f"{where}: a key of this kind is not supported: {_KINDS}")
    _refuse_weak_key(public, where)
    try:
        return VerifyingKey(public)
    except ValueError:
        raise AttestationError(f"{where}: a key of this kind is not supported: {_KINDS}") from None


def read_key_file(path: Path, where: str, *, private: bool) -> str:
    """Return the text of a key's file. Raises `AttestationError`.

    A private key may be readable by its owner only, as `ssh` asks it of its keys.
    """
    try:
        status = path.stat()
        is_file, size = stat.S_ISREG(status.st_mode), status.st_size
        text = path.read_text("utf-8") if is_file and size <= MAX_KEY_BYTES else ""
    except (OSError, UnicodeDecodeError) as error:
        raise AttestationError(f"{where} cannot be read ({type(error).__name__})") from None
    if not text:
        raise AttestationError(f"{where} is not a file with a key")
    mode = stat.S_IMODE(status.st_mode)
    if private and mode & 0o077:
        raise AttestationError(
            f"{where} can be read by others (mode {mode:04o}): a private key may be read by its"
            " owner only; run chmod 600 on it"
        )
    return text


def compute_key_id(public: PublicKey) -> str:
    """Return the SHA-256 of a public key in DER."""
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def _refuse_weak_key(public: object, where: str) -> None:
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < LEAST_RSA_BITS:
        raise AttestationError(
            f"{where}: an RSA key of {public.key_size} bits is too weak; at least {LEAST_RSA_BITS}"
        )


def _is_verified(key: SSlibKey, signature: bytes, data: bytes) -> bool:
    try:
        key.verify_signature(Signature(key.keyid, signature.hex()), data)
    except UnverifiedSignatureError:
        return False
    return True
