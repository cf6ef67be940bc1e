"""The files of a run: the NO-GO of the start, and the verdict at the end."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from cutover_gates.core.plan import Plan
from cutover_gates.core.verdict import ItemResult, Outcome, Verdict, VerdictSubject, VerdictWord
from cutover_gates.reporting.html_report import to_html
from cutover_gates.reporting.markdown import to_markdown
from cutover_gates.reporting.verdict_json import to_json
from cutover_gates.util.files import write_atomically

UNFINISHED = "the run did not come to its end"


def unfinished_verdict(
    plan: Plan, gate: str, subject: VerdictSubject, started: datetime
) -> Verdict:
    """Return the verdict of a run that is killed: NO-GO, nothing proven.

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
    )


def write_all(verdict: Verdict, folder: Path) -> list[Path]:
    """Write `status.md`, `verdict.html` and `verdict.json` into `folder` (made if missing).

    All are rendered before the first is written, and `verdict.json` comes last: if anything breaks,
    the NO-GO of the start stays. Raises `OSError`.
    """
    document = json.dumps(to_json(verdict), ensure_ascii=False, indent=2, allow_nan=False)
    texts = {
        "status.md": to_markdown(verdict),
        "verdict.html": to_html(verdict),
        "verdict.json": f"{document}\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    return [write_atomically(folder / name, text) for name, text in texts.items()]
