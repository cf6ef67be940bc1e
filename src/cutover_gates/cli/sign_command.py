"""`cutover-gates sign FILE`: a person signs their waivers or sign-offs."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import tomlkit
import typer
from tomlkit.exceptions import TOMLKitError

from cutover_gates.core.attestation.decision_signatures import (
    SIGNATURE_KEY,
    is_by,
    sign_decision,
)
from cutover_gates.core.attestation.signing_keys import (
    EvidenceSigner,
    load_signer,
    read_key_file,
)
from cutover_gates.core.attestation.sums import AttestationError
from cutover_gates.core.waivers import DecisionError, load_decisions
from cutover_gates.util.files import write_atomically
from cutover_gates.util.terminal_output import print_text

TABLES = ("waiver", "signoff")
MISTAKE = 4
"""The exit status for a mistake of the user, as pytest has it."""


def run_sign(
    file: Annotated[Path, typer.Argument(help="waivers.toml or signoffs.toml.")],
    name: Annotated[str, typer.Option(help="Your name, as in `by` of your decisions.")],
    key: Annotated[Path, typer.Option(help="Your private key (PEM, mode 0600).")],
    passphrase_file: Annotated[
        Path | None, typer.Option(help="A file with the passphrase of the key.")
    ] = None,
    item: Annotated[
        str | None, typer.Option(help="Sign only the decisions about this item of the plan.")
    ] = None,
) -> None:
    """Sign your decisions in a file. Each one that is signed is shown. Read them before."""
    try:
        signer = _load_signer(key, passphrase_file)
        signed = sign_file(file, name, signer, item)
    except (AttestationError, DecisionError, OSError, UnicodeDecodeError, TOMLKitError) as error:
        print_text(f"NOTHING SIGNED: {error}", sys.stderr)
        raise typer.Exit(MISTAKE) from None
    for sentence in signed:
        print_text(sentence, sys.stdout)


def sign_file(file: Path, name: str, signer: EvidenceSigner, item: str | None) -> list[str]:
    """Write a person's signatures into a file, and return a sentence for each.

    Comments and layout stay. Raises `DecisionError`, `AttestationError` and `OSError`.
    """
    text = file.read_text(encoding="utf-8")
    document, data = tomlkit.parse(text), tomllib.loads(text)
    sentences = []
    for table in TABLES:
        if table in data:
            # It refuses what a gate would refuse: an entry that cannot be read is not signed.
            load_decisions(file, table)
        for row, written in zip(data.get(table, []), document.get(table, []), strict=True):
            if is_by(row["by"], name) and item in (None, row.get("item")):
                written[SIGNATURE_KEY] = sign_decision(table, row, signer)
                sentences.append(_describe(table, row))
    if not sentences:
        about = f" about {item}" if item else ""
        raise AttestationError(f"{file.name} has no decision by {name!r}{about}")
    write_atomically(file, tomlkit.dumps(document))
    return sentences


def _describe(table: str, row: Mapping[str, Any]) -> str:
    about = row.get("item") or row.get("rule") or row.get("check")
    return (
        f"signed: {table} of {about} on {row['target']}, release {row['release']}, until"
        f" {row['expires']}: {row['reason']}"
    )


def _load_signer(key: Path, passphrase_file: Path | None) -> EvidenceSigner:
    pem = read_key_file(key, f"--key {key}", private=True)
    passphrase = None
    if passphrase_file is not None:
        where = f"--passphrase-file {passphrase_file}"
        passphrase = read_key_file(passphrase_file, where, private=True).rstrip("\r\n")
    return load_signer(pem, passphrase, f"--key {key}")
