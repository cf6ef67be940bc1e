"""`cutover-gates verify FOLDER`: says whether a run's folder, its files and its signature agree."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cutover_gates.core.attestation.keyless import (
    KEYLESS_PREFIX,
    KeylessIdentity,
    load_keyless_verifier,
)
from cutover_gates.core.attestation.signature_check import Verifier
from cutover_gates.core.attestation.signing_keys import (
    VerifyingKey,
    load_verifying_key,
    read_key_file,
)
from cutover_gates.core.attestation.sums import AttestationError, show_name
from cutover_gates.core.attestation.verification import FolderVerification, verify_folder
from cutover_gates.util.terminal_output import print_text

AGREES, DIFFERS, MISTAKE = 0, 1, 4
"""Exit statuses. A call that cannot be answered has pytest's status for a mistake of the user."""


def run_verify(
    folder: Annotated[Path, typer.Argument(help="The folder of a run, with its verdict.json.")],
    key: Annotated[
        Path | None, typer.Option(help="The signer's public key (PEM). It must come another way.")
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option(
            help="Who signed through Sigstore, as in the certificate.",
            envvar="CUTOVER_ATTESTATION__IDENTITY",
        ),
    ] = None,
    issuer: Annotated[
        str | None,
        typer.Option(
            help="The identity provider that knows --identity.",
            envvar="CUTOVER_ATTESTATION__ISSUER",
        ),
    ] = None,
    trust_config: Annotated[
        Path | None,
        typer.Option(
            help="The trust config of a Sigstore instance. Default: the public one.",
            envvar="CUTOVER_ATTESTATION__TRUST_CONFIG_FILE",
        ),
    ] = None,
    files_only: Annotated[
        bool, typer.Option("--files-only", help="Compare the files; ask for no signature.")
    ] = False,
) -> None:
    """Verify a run's folder. Exit status 0: all agrees. 1: it does not. 4: nothing was verified."""
    try:
        verifier = _load_verifier(key, identity, issuer, trust_config, files_only)
        result = verify_folder(folder, verifier, files_only=files_only)
    except (AttestationError, OSError) as error:
        print_text(f"NOTHING VERIFIED: {error}", sys.stderr)
        raise typer.Exit(MISTAKE) from None
    if result.problems:
        print_text(
            f"NOT VERIFIED: {show_name(str(folder))}: {'; '.join(result.problems)}", sys.stdout
        )
        raise typer.Exit(DIFFERS)
    print_text(describe_success(folder, result), sys.stdout)
    raise typer.Exit(AGREES)


def describe_success(folder: Path, result: FolderVerification) -> str:
    """Return the sentence for a folder that agrees: what it says, and who signed it."""
    signature = f"the signature is of the key {result.signed_by}"
    if result.signed_by.startswith(KEYLESS_PREFIX):
        signature = (
            f"the signature is of {show_name(result.signed_by.removeprefix(KEYLESS_PREFIX))}"
        )
    if not result.signed_by:
        signature = "no signature was asked for, so nothing says who wrote it"
    return (
        f"VERIFIED: {show_name(str(folder))}: {_describe_verdict(result.verdict or {})};"
        f" {result.files} files agree with their sums and the statement, and {signature}"
    )


def _describe_verdict(verdict: Mapping[str, Any]) -> str:
    word, gate, target, release, started = (
        show_name(str(verdict.get(key)))
        for key in ("verdict", "gate", "target", "release", "started")
    )
    return f"{word} of {gate} on {target}, release {release}, {started}"


def _load_verifier(
    key: Path | None,
    identity: str | None,
    issuer: str | None,
    trust: Path | None,
    files_only: bool,
) -> Verifier | None:
    """Return what must have signed; None where no signature is asked for, or nothing was given."""
    if files_only:
        if key is not None:
            raise AttestationError("--key and --files-only exclude each other")
        return None
    if key is not None:
        if identity:
            raise AttestationError("--key and --identity exclude each other: who signed?")
        return _load_key(key)
    if bool(identity) != bool(issuer):
        raise AttestationError("--identity and --issuer belong together: give both")
    if not identity or not issuer:
        return None
    return load_keyless_verifier(KeylessIdentity(identity, issuer), trust)


def _load_key(path: Path | None) -> VerifyingKey | None:
    if path is None:
        return None
    text = read_key_file(path, f"--key {path}", private=False)
    return load_verifying_key(text.encode(), f"--key {path}")
