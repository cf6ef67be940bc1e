"""What signs the evidence of a run: a private key, or an identity that Sigstore certifies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cutover_gates.config.attestation import KEYLESS, Attestation
from cutover_gates.config.base import SettingsError
from cutover_gates.core.attestation.envelope import SignedPayload
from cutover_gates.core.attestation.keyless import (
    KeylessIdentity,
    KeylessVerifier,
    describe_error,
    load_sigstore,
    load_trust_config,
)
from cutover_gates.core.attestation.signing_keys import (
    EvidenceSigner,
    load_signer,
    read_key_file,
)
from cutover_gates.core.attestation.statement import PAYLOAD_TYPE
from cutover_gates.core.attestation.sums import AttestationError
from cutover_gates.plugin.run import PytestRun
from cutover_gates.util.concurrency import run_with_timeout

SECTION = "attestation"
PEM_LINE_LENGTH = 32
"""Characters. A line of a key's PEM text that is as long is a secret by itself."""
SIGNING_SECONDS = 60.0
"""For Fulcio and Rekor together. The library sets its requests no bound."""


class SigningFailed(AttestationError):
    """Sigstore did not sign, so that the evidence is not what the settings ask for."""


@dataclass(frozen=True)
class KeylessSigner:
    """Signs as an identity. A token is asked for at each signature: it is valid for minutes."""

    trust: Any
    verifier: KeylessVerifier
    read_token: Callable[[], str]

    @property
    def key_id(self) -> str:
        """The identity, as `subject.signer` has it."""
        return self.verifier.key_id

    def check_certificate(self) -> None:
        """Ask for a certificate and leave it: what Fulcio refuses is told before the first check.

        Raises `SigningFailed`.
        """
        self._run(str)

    def sign_statement(self, payload: bytes) -> str:
        """Return the bundle with the signed statement, as JSON. Raises `SigningFailed`."""
        statement = load_sigstore("dsse").Statement(payload)
        bundle = str(self._run(lambda signer: signer.sign_dsse(statement).to_json()))
        signed = SignedPayload(payload, PAYLOAD_TYPE)
        if problem := self.verifier.find_problem(bundle.encode(), signed):
            raise SigningFailed(
                f"Sigstore signed, and an auditor would refuse it ({problem}): correct identity,"
                f" issuer or the trust config in [{SECTION}], and run again"
            )
        return bundle

    def _run(self, sign: Callable[[Any], Any]) -> Any:
        token = self.read_token()
        try:
            return run_with_timeout(SIGNING_SECONDS, lambda: self._sign(token, sign))
        # No network, a token that has expired, a log that is full: each has its own kind of error.
        except Exception as error:
            raise SigningFailed(
                f"Sigstore did not sign ({describe_error(error)}): see that Fulcio and Rekor answer"
                " and take the identity token, and run again"
            ) from None

    def _sign(self, token: str, sign: Callable[[Any], Any]) -> Any:
        context = load_sigstore("sign").SigningContext.from_trust_config(self.trust)
        with context.signer(load_sigstore("oidc").IdentityToken(token)) as signer:
            return sign(signer)


Signer = EvidenceSigner | KeylessSigner


def read_signer(run: PytestRun) -> Signer | None:
    """Return what signs the verdict; None where the settings give nothing.

    It is read before the first check, so that a wrong key costs no run. Its secrets are masked from
    here on. Raises `SettingsError`.
    """
    try:
        signer = _read_signer(run)
    except AttestationError as error:
        raise SettingsError(f"[{SECTION}] {error}") from None
    if signer is None and run.settings.attestation.required:
        raise SettingsError(
            f"[{SECTION}] required is true, and there is no signing key: set"
            " CUTOVER_ATTESTATION__SIGNING_KEY or signing_key_file"
        )
    run.signer = signer.key_id if signer else None
    return signer


def _read_signer(run: PytestRun) -> Signer | None:
    table = run.settings.attestation
    if table.is_keyless:
        return _read_keyless_signer(run, table)
    pem = _read_pem(run, table)
    if pem is None:
        return None
    _learn_key(run, pem)
    passphrase = run.settings.read_secret(table, "signing_passphrase", SECTION)
    run.redactor.learn("signing passphrase", passphrase)
    return load_signer(pem, passphrase, "signing_key")


def _read_keyless_signer(run: PytestRun, table: Attestation) -> KeylessSigner:
    path = table.trust_config_file
    trust = load_trust_config(run.settings.resolve_path(path) if path else None)
    who = KeylessIdentity(table.identity or "", table.issuer or "")
    verifier = KeylessVerifier(who, trust.trusted_root)
    signer = KeylessSigner(trust, verifier, lambda: _read_token(run, table))
    signer.check_certificate()
    return signer


def _read_token(run: PytestRun, table: Attestation) -> str:
    """Return a token that is valid now, from the settings or the pipeline.

    Raises `SigningFailed`.
    """
    try:
        given = run.settings.read_secret(table, "identity_token", SECTION)
    except SettingsError as error:
        raise SigningFailed(str(error)) from None
    token = given.strip() if given else _detect_token()
    run.redactor.learn("identity token", token)
    try:
        load_sigstore("oidc").IdentityToken(token)
    except load_sigstore("errors").Error as error:
        raise SigningFailed(
            f"the identity token cannot be used ({describe_error(error)}): give a fresh one with"
            " the audience sigstore"
        ) from None
    return token


def _detect_token() -> str:
    try:
        token = run_with_timeout(SIGNING_SECONDS, load_sigstore("oidc").detect_credential)
    # The platforms' clients have errors of their own.
    except Exception as error:
        raise SigningFailed(
            f"the pipeline gave no identity token ({describe_error(error)})"
        ) from None
    if not token:
        raise SigningFailed(
            f"{KEYLESS} needs an identity token, and none is here: set identity_token_file or"
            " CUTOVER_ATTESTATION__IDENTITY_TOKEN, or allow the pipeline to offer one"
        )
    return str(token)


def _read_pem(run: PytestRun, table: Attestation) -> str | None:
    if table.signing_key is not None:
        return table.signing_key.get_secret_value()
    if table.signing_key_file is None:
        return None
    path = run.settings.resolve_path(table.signing_key_file)
    return read_key_file(path, "signing_key_file", private=True)


def _learn_key(run: PytestRun, pem: str) -> None:
    """Mask the key as a whole and line by line: a diff or a traceback shows single lines."""
    run.redactor.learn("signing key", pem.strip())
    for line in pem.split():
        if len(line) >= PEM_LINE_LENGTH:
            run.redactor.learn("signing key", line)
