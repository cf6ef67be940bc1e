"""`cutover-gates verify FOLDER`: says whether a run's folder, its files and its signature agree."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

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
    files_only: Annotated[
        bool, typer.Option("--files-only", help="Compare the files; ask for no signature.")
    ] = False,
) -> None:
    """Verify a run's folder. Exit status 0: all agrees. 1: it does not. 4: nothing was verified."""
    try:
        if key is not None and files_only:
            raise AttestationError("--key and --files-only exclude each other")
        result = verify_folder(folder, _load_key(key), files_only=files_only)
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


def _load_key(path: Path | None) -> VerifyingKey | None:
    if path is None:
        return None
    text = read_key_file(path, f"--key {path}", private=False)
    return load_verifying_key(text.encode(), f"--key {path}")
