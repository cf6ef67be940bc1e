"""Holes of the watch: an order to roll back that is forgotten, a record that hides what fired."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cutover_gates.watch.kept_triggers import STATE_FILE
from cutover_gates.watch.record_lines import EVALUATION, FIRED
from tests.gate.holes.catalogue import Change, Hole, both, swap
from tests.gate.holes.toy_project import Toy
from tests.trigger_records import SECONDS, Trouble, WatchedTriggers, fail_from, quiet_readings

ORDERED = "the watcher ordered a rollback"


def watched(read: Trouble = quiet_readings, harm: Callable[[Path], None] | None = None) -> Change:
    """A watch of the twenty minutes until now, of release 1.0 of the toy, and harm to its folder."""

    def change(toy: Toy) -> None:
        folder = toy.folder / "reports/watch/toy"
        watch = WatchedTriggers(folder, read, release="1.0", zero=time.time() - SECONDS)
        watch.write(ends=SECONDS)
        if harm:
            harm(folder)
        begins = datetime.fromtimestamp(watch.zero, UTC).isoformat()
        toy.replace("cutover.toml", 'release = "1.0"', f'release = "1.0"\nwatch.begins = {begins}')

    return change


def asks_the_trigger(toy: Toy) -> None:
    """The sign-in check asks for the trigger of errors."""
    swap("(recorder)", "(recorder, triggers)")(toy)
    line = "assert_passed(triggers.assess_error_rate())"
    swap("    recorder.observe", f"    {line}\n    recorder.observe")(toy)
    swap(
        "import pytest\n",
        "import pytest\nfrom cutover_gates.hospital.matchers import assert_passed\n",
    )(toy)


def _rewrite(keep: Callable[[str], bool], old: str = "", new: str = "") -> Callable[[Path], None]:
    """Keep lines of some kinds only, put another text in the others, and compute the sums anew."""

    def harm(folder: Path) -> None:
        def change(lines: list[dict[str, object]]) -> list[dict[str, object]]:
            kept = [line for line in lines if keep(str(line["do"]))]
            for line in kept:
                if line["do"] == EVALUATION:
                    line["evaluation"] = str(line["evaluation"]).replace(old, new)
            return kept

        WatchedTriggers(folder).rewrite(change)

    return harm


def _remove(name: str) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        for path in folder.glob(name):
            path.unlink()

    return harm


def _all(*harms: Callable[[Path], None]) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        for one in harms:
            one(folder)

    return harm


TROUBLE = fail_from(300, 800)
FORGOTTEN = (
    Hole(
        "an order to roll back that was not followed",
        change=watched(TROUBLE),
        outcome="passed",
        holds=ORDERED,
    ),
    Hole(
        "an order whose state was removed",
        change=watched(TROUBLE, _remove(STATE_FILE)),
        outcome="passed",
        holds=ORDERED,
        thorough=True,
    ),
    Hole(
        "an order whose record was removed",
        change=watched(TROUBLE, _remove("*.jsonl")),
        outcome="passed",
        holds=ORDERED,
        thorough=True,
    ),
    Hole(
        "a declared watch of which nothing is left",
        change=watched(TROUBLE, _remove("*")),
        outcome="passed",
        holds="no watcher has left a record of release 1.0",
    ),
)
HIDDEN = tuple(
    Hole(
        f"a trigger that fired, and {name}",
        change=both(asks_the_trigger, watched(TROUBLE, harm)),
        outcome="failed" if fails else "not proven",
        says=says,
        thorough=not name.startswith("evaluations that"),
    )
    for name, harm, fails, says in (
        ("no state is left", _remove(STATE_FILE), True, "TRIGGER-001"),
        ("its record is gone", _remove("*.jsonl"), False, "no watcher has watched"),
        (
            "evaluations that say all was well",
            _rewrite(lambda do: do != FIRED, '"bad":10', '"bad":0'),
            True,
            "TRIGGER-001",
        ),
        (
            "neither state nor bad evaluations are left",
            _all(
                _rewrite(lambda do: do != FIRED, '"bad":10', '"bad":0'),
                _remove(STATE_FILE),
            ),
            False,
            "kept no state",
        ),
        (
            "no evaluation is left",
            _rewrite(lambda do: do not in (EVALUATION, FIRED)),
            True,
            "TRIGGER-001",
        ),
    )
)
HOLES = (*FORGOTTEN, *HIDDEN)
