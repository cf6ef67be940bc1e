"""Does a run's folder hold what was signed? `verify_folder` compares files, sums and statement."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutover_gates.core.attestation.envelope import (
    MAX_ENVELOPE_BYTES,
    SignedPayload,
    parse_envelope,
    parse_json_object,
)
from cutover_gates.core.attestation.signature_check import Verifier, check_signature
from cutover_gates.core.attestation.statement import (
    PREDICATE_TYPE,
    STATEMENT_TYPE,
    build_statement,
    find_differences,
    read_sums_digest,
)
from cutover_gates.core.attestation.sums import (
    BUNDLE_FILE,
    MAX_SUMS_BYTES,
    STATEMENT_FILE,
    SUMS_FILE,
    AttestationError,
    compare_folder,
    parse_sums,
    show_name,
)

VERDICT_FILE = "verdict.json"
MAX_VERDICT_BYTES = 512 * 2**20
_SHOWN_NAMES = 4


@dataclass(frozen=True)
class FolderVerification:
    """The result of verifying a folder: `problems` are parts of sentences, none where all agrees.

    `files` is the number of files that the sums name, `verdict` the content of `verdict.json`.
    `signed_by` is the id of the key or identity that verified the signature, empty where none did.
    """

    problems: tuple[str, ...]
    files: int = 0
    verdict: Mapping[str, Any] | None = None
    signed_by: str = ""


class NoRunFolder(AttestationError):
    """The path is not the folder of a run, so that there is nothing to verify."""


def verify_folder(
    folder: Path, key: Verifier | None, *, files_only: bool = False
) -> FolderVerification:
    """Compare a run's folder with its sums, its statement and the signature of `key`.

    `key` is a public key, or an identity for which a Sigstore instance vouches.

    With `files_only` no signature is asked for. Raises `NoRunFolder`; everything else that is
    wrong is a problem.
    """
    _require_run_folder(folder)
    problems: list[str] = []
    sums = _check_files(folder, problems)
    verdict = _read_or_tell(folder, VERDICT_FILE, MAX_VERDICT_BYTES, problems)
    envelope = _read_envelope(folder, STATEMENT_FILE, problems)
    document = _parse_verdict(verdict, problems)
    if envelope is not None:
        _check_statement(folder, envelope, document, problems)
        _check_bundle(folder, envelope, problems)
    signed_by = ""
    if envelope is not None and not files_only:
        signed_by = check_signature(envelope, key, folder / BUNDLE_FILE, problems)
    return FolderVerification(tuple(problems), len(sums), document, signed_by)


def _require_run_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise NoRunFolder(f"{folder} is not a folder")
    names = (VERDICT_FILE, SUMS_FILE, STATEMENT_FILE)
    if not any((folder / name).exists() for name in names):
        raise NoRunFolder(f"{folder} is not the folder of a run: it has none of {', '.join(names)}")


def _check_files(folder: Path, problems: list[str]) -> Mapping[str, str]:
    """Compare the files with the sums, and return the sums as far as they can be read."""
    data = _read_or_tell(folder, SUMS_FILE, MAX_SUMS_BYTES, problems)
    if data is None:
        return {}
    try:
        sums = parse_sums(data)
        differences = compare_folder(folder, sums)
    except AttestationError as error:
        problems.append(str(error))
        return {}
    except OSError as error:
        problems.append(f"the folder cannot be listed ({error.strerror})")
        return {}
    problems += _tell_names(differences.changed, "changed since the sums were written")
    problems += _tell_names(differences.missing, "missing")
    problems += _tell_names(differences.added, "added: SHA256SUMS does not name it")
    problems += differences.unreadable[:_SHOWN_NAMES]
    if VERDICT_FILE not in sums:
        problems.append(f"{SUMS_FILE} does not name {VERDICT_FILE}")
    return sums


def _tell_names(names: tuple[str, ...], what: str) -> list[str]:
    if not names:
        return []
    shown = ", ".join(map(show_name, names[:_SHOWN_NAMES]))
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return [f"{shown}{more}: {what}"]


def _read_or_tell(folder: Path, name: str, most: int, problems: list[str]) -> bytes | None:
    """Return a file's content; None with a problem where it is missing, no file or too large."""
    path = folder / name
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            problems.append(f"{name} is not a plain file")
        elif status.st_size > most:
            problems.append(f"{name} has {status.st_size} bytes, and at most {most} are read")
        else:
            return path.read_bytes()
    except FileNotFoundError:
        problems.append(f"{name} is missing")
    except OSError as error:
        problems.append(f"{name} cannot be read ({error.strerror})")
    return None


def _read_envelope(folder: Path, name: str, problems: list[str]) -> SignedPayload | None:
    data = _read_or_tell(folder, name, MAX_ENVELOPE_BYTES, problems)
    try:
        return parse_envelope(data) if data is not None else None
    except AttestationError as error:
        problems.append(f"{name}: {error}")
        return None


def _parse_verdict(data: bytes | None, problems: list[str]) -> Mapping[str, Any] | None:
    try:
        return parse_json_object(data, VERDICT_FILE) if data is not None else None
    except AttestationError as error:
        problems.append(str(error))
        return None


def _check_statement(
    folder: Path,
    envelope: SignedPayload,
    verdict: Mapping[str, Any] | None,
    problems: list[str],
) -> None:
    """Compare the statement in the envelope with the sums and the verdict of this folder."""
    try:
        statement = envelope.read_statement()
        if (statement.get("_type"), statement.get("predicateType")) != (
            STATEMENT_TYPE,
            PREDICATE_TYPE,
        ):
            raise AttestationError("it holds no in-toto statement about a test result")
        digest = read_sums_digest(statement)
        expected = build_statement(verdict, digest) if verdict is not None else None
    except AttestationError as error:
        problems.append(f"{STATEMENT_FILE}: {error}")
        return
    differences = find_differences(expected, statement) if expected is not None else []
    if _is_other_run(differences):
        problems.append(f"{STATEMENT_FILE} is the statement about another run")
    elif differences:
        shown = ", ".join(differences[:_SHOWN_NAMES])
        problems.append(f"{VERDICT_FILE} differs from the statement ({shown})")
    if not _has_digest(folder / SUMS_FILE, digest):
        problems.append(f"{SUMS_FILE} is not the one that the statement names")


def _is_other_run(differences: list[str]) -> bool:
    """Return True where the statement was made at another time or about another target."""
    identity = {f"predicate.verdict.{key}" for key in ("gate", "target", "started")}
    return bool(identity & set(differences))


def _has_digest(path: Path, digest: str) -> bool:
    try:
        is_plain = stat.S_ISREG(path.lstat().st_mode) and path.stat().st_size <= MAX_SUMS_BYTES
        # A missing file has been told already.
        return not is_plain or hashlib.sha256(path.read_bytes()).hexdigest() == digest
    except OSError:
        return True


def _check_bundle(folder: Path, envelope: SignedPayload, problems: list[str]) -> None:
    """Compare the Sigstore bundle, where there is one, with the envelope that it must hold."""
    if not (folder / BUNDLE_FILE).exists():
        return
    bundle = _read_envelope(folder, BUNDLE_FILE, problems)
    if bundle is not None and bundle != envelope:
        problems.append(f"{BUNDLE_FILE} holds another envelope than {STATEMENT_FILE}")
