"""Holes of acknowledged writes: what was written and not read again."""

from __future__ import annotations

from tests.gate.holes.catalogue import SIGN_IN, Hole, both, swap
from tests.gate.holes.toy_project import Toy


def _holds_writes(toy: Toy) -> None:
    """Give the sign-in item the role of the one that holds what was acknowledged."""
    toy.replace("plan.toml", 'id = "sign-in"\n', 'id = "sign-in"\nrole = "durability"\n')


def _creates(toy: Toy) -> None:
    """Let the check create a record past the fixture that compares, as an own driver might."""
    toy.replace(SIGN_IN, "(recorder)", "(recorder, ledger)")
    toy.replace(
        SIGN_IN,
        "    recorder.observe",
        '    ledger.record_created(ledger.intend("patient", "m-1"), "7")\n    recorder.observe',
    )


HOLES = (
    Hole(
        "a process that created something and compared nothing",
        change=both(_holds_writes, _creates),
        says="it ended before it read its 1 records again",
    ),
    Hole(
        "an answer about the writes that was cut",
        change=both(
            _holds_writes,
            swap(
                "    recorder.observe",
                '    (run.first_folder / "read-back-main.json").write_text("{")\n'
                "    recorder.observe",
            ),
            swap("(recorder)", "(recorder, run)"),
        ),
        says="its answer cannot be read",
    ),
)
