"""The keys of a plan that say what may answer: the tables `[gates.NAME]`, and `asked_of` of items.

`core.release_answers` says what follows from them.
"""

from __future__ import annotations

from collections.abc import Mapping

from cutover_gates.core.gates import ANSWERS, DEFAULT_ANSWERS, GATES
from cutover_gates.core.plan import Item, PlanError
from cutover_gates.core.plan_choices import require_choice
from cutover_gates.core.tables import suggest_nearest

ASKED_OF = ("staging",)
"""The targets that may prove an item for another one, by what they are for it."""


def parse_gate_answers(tables: object, where: str) -> Mapping[str, str]:
    """Return what may answer at each gate. Raises `PlanError` for unknown gates, keys and words."""
    if not isinstance(tables, dict):
        raise PlanError(
            f'{where}: gates is {tables!r}; write [gates.t24], then answers = "previous"'
        )
    answers = dict(DEFAULT_ANSWERS)
    for gate, table in tables.items():
        require_choice(gate, GATES, f"{where}: the gate in [gates.{gate}]")
        answers[gate] = _parse_answers(table, f"{where}, [gates.{gate}]")
    return answers


def _parse_answers(table: object, where: str) -> str:
    if not isinstance(table, dict):
        raise PlanError(f'{where} is {table!r}; write a table with answers = "release"')
    for key in table:
        if key != "answers":
            nearest = suggest_nearest(key, ["answers"])
            raise PlanError(f"{where}: unknown key {key!r}.{nearest} Allowed: answers")
    return require_choice(table.get("answers"), ANSWERS, f"{where}: answers")


def check_asked_of(item: Item, where: str) -> None:
    """Require that an item of another target says what must be proven there, and nothing here."""
    if not item.asked_of:
        return
    if not item.rests_on:
        raise PlanError(
            f"{where}: asked_of needs rests_on: the items that the verdict of {item.asked_of} must"
            " prove"
        )
    if item.checks or item.answers:
        raise PlanError(
            f"{where}: an item with asked_of has neither checks nor answers: the verdict of"
            f" {item.asked_of} proves it"
        )
