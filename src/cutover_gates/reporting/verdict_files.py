"""The files of a run: the NO-GO of the start, and the verdict at the end."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from cutover_gates.core.plan import Plan
from cutover_gates.core.verdict import ItemResult, Outcome, Verdict, VerdictSubject, VerdictWord
from cutover_gates.reporting.html_report import to_html
from cutover_gates.reporting.junit import to_junit
from cutover_gates.reporting.markdown import to_markdown
from cutover_gates.reporting.verdict_json import to_json
from cutover_gates.util.file_transaction import FileTransaction, ReplacedFile

UNFINISHED = "the run did not come to its end"
FIRST, LAST = "verdict.json", "status.md"
"""The file that takes its place first, and the one that completes the folder."""


def unfinished_verdict(
    plan: Plan, gate: str, subject: VerdictSubject, started: datetime, order: str = ""
) -> Verdict:
    """Return the verdict of a run that is killed: NO-GO, nothing proven. `order` stands in it.

    It is written when a run starts. The true verdict replaces it at the end.
    """
    items = [ItemResult(item, Outcome.NOT_PROVEN, UNFINISHED) for item in plan.select_items(gate)]
    return Verdict(
        gate,
        VerdictWord.NO_GO,
        subject,
        started,
        started,
        tuple(items),
        run_errors=(UNFINISHED,),
        rollback_order=order,
    )


def render_files(verdict: Verdict, pytest_xml: bytes = b"") -> dict[str, bytes]:
    """Return the content of each file by its name, `verdict.json` first and `status.md` last.

    `pytest_xml` is the JUnit document of pytest. A character that UTF-8 cannot hold is written as
    its escape.
    """
    document = json.dumps(to_json(verdict), ensure_ascii=False, indent=2, allow_nan=False)
    return {
        FIRST: f"{document}\n".encode(errors="backslashreplace"),
        "verdict.html": to_html(verdict).encode(errors="backslashreplace"),
        "junit.xml": to_junit([verdict], pytest_xml),
        LAST: to_markdown(verdict).encode(errors="backslashreplace"),
    }


def write_all(verdict: Verdict, folder: Path) -> list[Path]:
    """Write all files of a verdict into `folder` (made if missing), or none of them.

    Raises `OSError`.
    """
    files = render_files(verdict)
    folder.mkdir(parents=True, exist_ok=True)
    with FileTransaction() as transaction:
        for name, data in files.items():
            transaction.add(ReplacedFile(folder / name, data, keeps_old=name == FIRST))
        transaction.commit()
    return [folder / name for name in files]
