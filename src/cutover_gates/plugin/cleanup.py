"""What runs left on a target: swept at the start of the next gate, at the end of this one, and by
`pytest --sweep`.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.drivers.cleanup import TIME_OVER, CleanupResult
from cutover_gates.plugin.run import USER_ERRORS, PytestRun, make_run
from cutover_gates.plugin.target_start import start_target
from cutover_gates.targets import RunningTarget
from cutover_gates.targets.cleanup_scope import CLEANING_SECONDS, retire_ledgers
from cutover_gates.targets.driver_factory import open_driver


def sweep_dead_runs(
    run: PytestRun, standing: RunningTarget, seconds: float = CLEANING_SECONDS
) -> list[CleanupResult]:
    """Retire what dead runs (and dead workers of this run) left on the target.

    Things that stay are told with the reason.

    The database of an embedded hospital, or of one in containers, went with its run: there is
    nothing to retire, and the ledgers go too.
    """
    if standing.is_ephemeral:
        for path in run.ledgers.glob("*.jsonl"):
            if not path.name.startswith(run.tag):
                path.unlink()
        return []
    ledgers = Ledger.open_abandoned(run.ledgers, standing.name)
    try:
        return _sweep_ledgers(
            run, standing, [ledger for ledger in ledgers if ledger.remaining_records()], seconds
        )
    finally:
        for ledger in ledgers:
            ledger.close()


def _sweep_ledgers(
    run: PytestRun, standing: RunningTarget, ledgers: Sequence[Ledger], seconds: float
) -> list[CleanupResult]:
    if not ledgers:
        return []
    return retire_ledgers(
        open_driver(run.settings, standing, run.recorder, run.tag),
        standing,
        run.redactor,
        ledgers,
        seconds,
    )


def save_ledgers(run: PytestRun, folder: Path) -> str:
    """Copy this run's ledgers into `folder` and sum them up: 'made 3 patients, 1 visit; retired 4
    (deleted)'. Empty when nothing was made.
    """
    made: Counter[str] = Counter()
    retired: Counter[str] = Counter()
    for path in sorted(run.ledgers.glob(f"{run.tag}-*.jsonl")):
        lines = [
            json.loads(line)
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.strip().endswith("}")
        ]
        kinds = {line["entry"]: line["kind"] for line in lines if line["do"] == "intend"}
        made.update(kinds[line["entry"]] for line in lines if line["do"] == "done")
        retired.update(line["how"] for line in lines if line["do"] == "retired" and line.get("id"))
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, folder)
    if not made:
        return ""
    things = ", ".join(
        f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in sorted(made.items())
    )
    return (
        f"synthetic data: made {things}; retired {retired.total()}"
        f" ({', '.join(sorted(retired)) or 'none'})"
    )


def describe_sweep(swept: Sequence[CleanupResult]) -> list[str]:
    """What was swept, in sentences: a count by the mapping's words, and each thing that is still
    there.
    """
    done = [one for one in swept if one.how is not None]
    sentences = (
        [
            f"swept {len(done)} things that earlier runs left:"
            f" {', '.join(sorted({str(one.how) for one in done}))}"
        ]
        if done
        else []
    )
    there = [one for one in swept if one.how is None and one.why != TIME_OVER]
    later = Counter(one.run for one in swept if one.why == TIME_OVER)
    return [
        *sentences,
        *(
            f"still on the target: {one.kind} {one.key} of run {one.run}: {one.why}"
            for one in there
        ),
        *(
            f"still on the target: {count} things of run {tag}: {TIME_OVER}"
            for tag, count in later.items()
        ),
    ]


def run_sweep(config: pytest.Config) -> int:
    """`pytest --sweep`: no checks, only the sweep.

    Returns 0 when nothing is left on the target. Raises `pytest.UsageError`.
    """
    run = make_run(config)
    if run.gates:
        raise pytest.UsageError(
            f"--sweep runs no gate: leave -m {' or '.join(run.gates)} out, or leave --sweep out"
        )
    console = Console(highlight=False, markup=False)
    try:
        target = start_target(run)
        swept = sweep_dead_runs(run, next(target), seconds=float("inf"))
        next(target, None)
    except USER_ERRORS as mistake:
        raise pytest.UsageError(str(mistake)) from None
    for sentence in describe_sweep(swept) or [f"nothing was left behind on {run.settings.target}"]:
        console.print(sentence, soft_wrap=True)
    return int(any(one.how is None for one in swept))
