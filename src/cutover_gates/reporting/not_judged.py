"""The record of a call that judged nothing, so that the newest record is never an older GO."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cutover_gates.core.verdict import Verdict, VerdictSubject, VerdictWord
from cutover_gates.reporting.junit import to_junit
from cutover_gates.reporting.run_folders import create_folder, point_latest, run_folder_name
from cutover_gates.reporting.verdict_files import write_all
from cutover_gates.reporting.verdict_summary import UNKNOWN_KIND
from cutover_gates.util.file_transaction import FileTransaction, create_change

UNKNOWN = "(unknown)"


@dataclass(frozen=True)
class UnjudgedCall:
    """A call that asked for a judgement and got none.

    `gate`, `target`, `release` and `junit` (the file of `--junitxml`) are the words of the call;
    each is empty where it has none.
    """

    why: str
    tag: str
    gate: str = ""
    target: str = ""
    release: str = ""
    junit: str = ""


def record_unjudged_call(call: UnjudgedCall, reports: Path, folders: Sequence[Path] = ()) -> Path:
    """Write the record into `folders`, or into a new one, and return the folder of the first.

    `folders` are those that the call has made already. `latest` names the first. Raises `OSError`.
    """
    verdict = unjudged_verdict(call, datetime.now(UTC))
    if not folders:
        name = run_folder_name(verdict.started, call.target, "not-judged", call.tag)
        folders = [create_folder(reports / name)]
    for folder in folders:
        write_all(verdict, folder)
    point_latest(folders[0], verdict.started)
    if call.junit:
        _write_junit(verdict, Path(call.junit))
    return folders[0]


MAX_HEAD = 4096
"""Bytes of a JUnit document in which its first element stands."""


def _write_junit(verdict: Verdict, path: Path) -> None:
    """Write a failed case: a pipeline would else show the cases of an earlier run.

    A file that is no JUnit document is left as it is: a wrong call may name its own settings.
    """
    if path.is_file() and b"<testsuite" not in (path.read_bytes()[:MAX_HEAD] or b"<testsuite"):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileTransaction() as transaction:
        transaction.add(create_change(path, to_junit([verdict])))
        transaction.commit()


def unjudged_verdict(call: UnjudgedCall, when: datetime) -> Verdict:
    """Return the record of the call in the form of a verdict."""
    subject = VerdictSubject(
        target=call.target or UNKNOWN,
        kind=UNKNOWN_KIND,
        address=UNKNOWN,
        release=call.release or UNKNOWN,
        reported_release=None,
        migration=None,
        suite_version=UNKNOWN,
        suite_commit=UNKNOWN,
        settings=UNKNOWN,
        host=socket.gethostname(),
    )
    return Verdict(
        call.gate or "(none)",
        VerdictWord.NOT_JUDGED,
        subject,
        when,
        when,
        (),
        run_errors=(call.why,),
    )
