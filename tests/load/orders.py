"""Runs to be conducted against a hospital, as a gate orders them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cutover.evidence import Ledger, Redactor
from cutover.hospital import Credentials, Role
from cutover.load.briefing import brief_of, document_type, settle
from cutover.load.claims import claims_of
from cutover.load.conductor import Order, Run
from cutover.load.ground import planned, prepare, stocked, work_of
from cutover.settings import Performance, Settings
from cutover.targets import Standing
from cutover.targets.entered import entered
from tests.faults.hospitals import ROOT, Hospital

TAG = "cutload"
SHORT = {"rate": 30, "ramp_seconds": 1, "min_seconds": 4, "max_seconds": 4}
"""Settings of a run that is long enough to be looked at."""


def performance(**others: Any) -> Performance:
    return Performance.model_validate({**SHORT, **others})


@contextmanager
def ordered(
    hospital: Hospital,
    url: str,
    folder: Path,
    load: Performance,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Order]:
    """A run against the hospital, which is seen at `url` by all who make load.

    What it made is retired at the end.
    """
    settings = Settings.model_validate(
        {"target": "tried", "targets": {"tried": {"url": url, "release": "2", "performance": load}}}
    )
    users = {Role(name): Credentials(name, password) for name, password in hospital.staff.items()}
    standing = Standing("tried", "remote", url, "2", False, users)
    work = work_of(load, ROOT / "performance/journeys.py", {})
    ledger, redactor = Ledger(folder / "ledger.jsonl", TAG, "tried"), Redactor()
    with entered(settings, standing, ledger, redactor) as (opened, sessions):
        known = prepare(opened, sessions, load.patients, TAG, document_type(settings.chosen.limits))
        stock = stocked(
            ledger, planned(work, load.max_seconds + load.ramp_seconds + 10, known), known, TAG
        )
        brief = brief_of(settings.chosen, standing, (None, ""), TAG, work, known, stock)
        yield Order(
            brief,
            load,
            claims_of(load, work.operations, {}),
            folder / "samples.log",
            ledger,
            redactor,
            say,
        )
    ledger.close()


def cleaned_up(order: Order, run: Run) -> None:
    """As a gate does after its run."""
    settle(order.ledger, order.brief.stock, run.perhaps_made)
