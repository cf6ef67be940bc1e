"""Holes of a rollout's steps: nobody read the writes after one, nobody knows when the rollback ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cutover_gates.watch.step_marks import write_mark
from tests.gate.holes.catalogue import Change, Hole, both, swap
from tests.gate.holes.order_holes import watched
from tests.gate.holes.toy_project import Toy


def asks(fixture: str, question: str) -> Change:
    """Return the change by which the sign-in check asks a question of the watcher's record, too."""

    def change(toy: Toy) -> None:
        swap("(recorder)", f"(recorder, {fixture})")(toy)
        line = f"assert_passed({fixture}.{question}())"
        swap("    recorder.observe", f"    {line}\n    recorder.observe")(toy)
        swap(
            "import pytest\n",
            "import pytest\nfrom cutover_gates.hospital.matchers import assert_passed\n",
        )(toy)

    return change


def _mark(name: str) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        write_mark(folder, "toy", "1.0", name)

    return harm


HOLES = (
    Hole(
        "a step after which nobody read the acknowledged writes",
        change=both(asks("watch", "assess_writes"), watched(harm=_mark("half"))),
        says="not all read after it",
    ),
    Hole(
        "a rollback of which nobody said when it ended",
        change=both(asks("withdrawal", "assess"), watched(harm=_mark("half"))),
        says="nobody said when it ended",
        thorough=True,
    ),
    Hole(
        "a rollback after which nobody watched",
        change=both(asks("withdrawal", "assess"), watched(harm=_mark("rollback"))),
        says="60 s must be",
        thorough=True,
    ),
)
