"""Closes the folders of a run: what was judged, the sums of its files, and the signed statement.

`SHA256SUMS` names all other files, and the statement names the sums: one signature covers both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cutover_gates.config.attestation import Attestation
from cutover_gates.config.base import SettingsError
from cutover_gates.config.settings import Settings
from cutover_gates.core.attestation.decision_signatures import DecisionVerifier, PersonKeys
from cutover_gates.core.attestation.envelope import (
    extract_envelope,
    parse_json_object,
    render_bundle,
    render_envelope,
)
from cutover_gates.core.attestation.signing_keys import (
    VerifyingKey,
    load_verifying_key,
    read_key_file,
)
from cutover_gates.core.attestation.statement import (
    build_statement,
    canonical_json,
    serialize_statement,
)
from cutover_gates.core.attestation.sums import (
    BUNDLE_FILE,
    STATEMENT_FILE,
    SUMS_FILE,
    UNSUMMED_FILES,
    AttestationError,
    compute_sums_of,
    list_files,
)
from cutover_gates.core.attestation.verification import VERDICT_FILE, verify_folder
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.hospital import (
    MappingError,
    ProtocolViolation,
    Rejected,
    Unreachable,
    Unsupported,
)
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.signing import KeylessSigner, Signer
from cutover_gates.plugin.verdict_subject import list_images
from cutover_gates.targets.driver_factory import open_driver
from cutover_gates.util.files import write_atomically

DOCUMENT_FILE = "served-document.json"
UNSIGNED_NOTE = (
    "The evidence is not signed: set attestation.signing_key_file, so that an auditor can verify"
    " who wrote it."
)


def load_decision_verifier(settings: Settings) -> DecisionVerifier:
    """Return what verifies the signatures of waivers and sign-offs. Raises `SettingsError`."""
    keys: dict[str, list[VerifyingKey]] = {}
    for short, person in settings.people.items():
        where = f"[people.{short}] public_key_file"
        try:
            text = read_key_file(
                settings.resolve_path(person.public_key_file), where, private=False
            )
            keys.setdefault(person.name, []).append(load_verifying_key(text.encode(), where))
        except AttestationError as error:
            raise SettingsError(str(error)) from None
    return DecisionVerifier(PersonKeys(keys), settings.require_signed_decisions)


def record_served_document(run: PytestRun) -> list[str]:
    """Keep the document that the target serves about itself, with its SHA-256.

    It stands for the release where no image is known. Nothing is kept where the target serves none.
    Return a sentence where the document could not be written.
    """
    document = _fetch_document(run)
    if document is None:
        return []
    data = canonical_json(document)
    try:
        for folder in run.folders.values():
            write_atomically(folder / DOCUMENT_FILE, data)
    except OSError as error:
        return [f"{DOCUMENT_FILE} could not be written ({error.strerror})"]
    run.served_document = hashlib.sha256(data).hexdigest()
    return []


def _fetch_document(run: PytestRun) -> Mapping[str, Any] | None:
    target = run.running_target
    # A gate of the database may be judged while the application is down.
    if target is None or run.suites == {"migrations"} or list_images(run.settings.chosen_target):
        return None
    try:
        hospital = open_driver(run.settings, target, Recorder(run.redactor, cap=1), run.tag)
        load = hospital.features.served_document
        return load() if load else None
    except (MappingError, ProtocolViolation, Rejected, Unreachable, Unsupported):
        return None


def close_folder(folder: Path, key: Signer | None, run_url: str = "") -> None:
    """Write `SHA256SUMS` and the statement of a folder. Raises `AttestationError`, `OSError`."""
    remove_closing_files(folder)
    paths = {name: folder / name for name in list_files(folder)}
    for name, data in build_closing_files(paths, key, run_url).items():
        write_atomically(folder / name, data)


def build_closing_files(
    paths: Mapping[str, Path], key: Signer | None, run_url: str = ""
) -> dict[str, bytes]:
    """Return the content of `SHA256SUMS` and of the statement, by the names of their files.

    `paths` has the content of each file of the folder by its name: before all take their places it
    stands elsewhere. Raises `AttestationError`, `OSError`.
    """
    verdict = parse_json_object(paths[VERDICT_FILE].read_bytes(), VERDICT_FILE)
    sums = compute_sums_of(paths)
    statement = build_statement(verdict, hashlib.sha256(sums).hexdigest(), run_url)
    return {SUMS_FILE: sums} | _sign(serialize_statement(statement), key)


def _sign(payload: bytes, key: Signer | None) -> dict[str, bytes]:
    """Return the envelope of a statement, and the bundle where it is signed, by their names."""
    if isinstance(key, KeylessSigner):
        bundle = key.sign_statement(payload)
        envelope = extract_envelope(bundle)
        return {BUNDLE_FILE: bundle.encode() + b"\n", STATEMENT_FILE: envelope.encode()}
    envelope = render_envelope(payload, key)
    if key is None:
        return {STATEMENT_FILE: envelope.encode()}
    return {BUNDLE_FILE: render_bundle(envelope, key).encode(), STATEMENT_FILE: envelope.encode()}


def find_disagreements(folder: Path, key: Signer | None) -> list[str]:
    """Verify a closed folder as an auditor would, and return a sentence for each problem.

    Sums and statement that do not agree with the folder are removed.
    """
    verifier = key.verifier if key else None
    try:
        problems = verify_folder(folder, verifier, files_only=key is None).problems
    except (AttestationError, OSError) as error:
        problems = (str(error),)
    if problems:
        remove_closing_files(folder)
    return [
        f"the evidence does not agree with its own sums ({problem}): keep foreign files out of the"
        " folder, and run again"
        for problem in problems
    ]


def remove_closing_files(folder: Path) -> None:
    """Remove sums and statement of a folder, where it can be done."""
    for name in UNSUMMED_FILES:
        with suppress(OSError):  # what stands there then differs from the files, and verify says so
            (folder / name).unlink(missing_ok=True)


def find_run_url(table: Attestation, environment: Mapping[str, str]) -> str:
    """Return the address of the run; empty where none is known."""
    if table.run_url:
        return table.run_url
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, number = (environment.get(name, "") for name in names)
    known = server and repository and number
    return f"{server}/{repository}/actions/runs/{number}" if known else ""
