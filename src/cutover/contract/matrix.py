"""Who is let in, and who is not: every operation, asked by everybody.

What is expected follows from the document and a table of roles. Whoever gets through with something
that changes may have changed what the next one asks for, so that one gets a fresh chart; and
whoever acts outside of a chart may end his session, so he gets one of his own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Protocol

from cutover.contract.roles import STAFF, RoleTable
from cutover.evidence import NotProven
from cutover.hospital import Answer, NotOffered, Operation, Reason, Role, Session, Unreachable
from cutover.settings import SettingsError

READING = frozenset({"GET", "HEAD", "OPTIONS"})
NOBODY, EXPIRED, OUTSIDER, ASTRAY = (
    "no token",
    "an expired token",
    "another facility",
    "another patient's",
)
FINE = ("", "")
_BY = {
    NOBODY: "with no token",
    EXPIRED: "with an expired token",
    OUTSIDER: "by a clinician of another facility",
    ASTRAY: "below another patient than the one to whom it belongs",
}
_LOOKED_ELSEWHERE = frozenset(
    {Reason.INVALID, Reason.TOO_LARGE, Reason.UNSUPPORTED_TYPE, Reason.THROTTLED}
)
"""Refusals that say nothing of who asks."""
_UNSEEN = ", before anybody looked at who asks: give the document an example that is valid"


class Expected(StrEnum):
    """What must come of a request."""

    OPEN = "no failure"
    SHUT = "refused as unauthenticated"
    NOT_THEIRS = "refused as forbidden or not found"
    NOTHING_SHOWN = "nothing of another facility's patient"
    LET_IN = "let in"


class Asked(Protocol):
    """What is used of a driver."""

    def attempt(
        self, operation: Operation, session: Session | None, values: Mapping[str, str] | None = None
    ) -> Answer: ...
    def reason_of(self, answer: Answer) -> Reason | None: ...


@dataclass(frozen=True)
class Chart:
    """A patient of the run's own with what belongs to him: `ids` by kind (patient, visit,
    document), `words` that stand in no other chart, and what lists find him by: names and values of
    query parameters, one set for each way.
    """

    ids: Mapping[str, str]
    words: tuple[str, ...]
    sought: tuple[Mapping[str, str], ...] = ()

    def values(self, operation: Operation, names: Mapping[str, str]) -> dict[str, str]:
        """What the operation's path and query are filled with.

        `names`: the kind of thing, or the very id, that a path means by a name.
        """
        said = {name: self.ids.get(meant, meant) for name, meant in names.items()}
        usual = {
            name: one for kind, one in self.ids.items() for name in (f"{kind}_id", f"{kind}Id")
        }
        return {
            **usual,
            **said,
            **{
                name: self.ids[kind]
                for name, kind in _by_segment(operation)
                if kind in self.ids and name not in usual | said
            },
        }


@dataclass(frozen=True)
class Asking:
    """Who asks whom for what.

    `operations` are those that are asked, `every` all of the document. `sessions` gives living
    sessions, `own_session` one that may end, `chart` a fresh chart. `names`: what a path means by a
    name; `untried`: operations that those who may do not try. Both as in the settings.
    """

    hospital: Asked
    operations: Sequence[Operation]
    every: Sequence[Operation]
    table: RoleTable
    sessions: Callable[[Role], Session]
    own_session: Callable[[Role], Session]
    expired: Session | Exception
    chart: Callable[[], Chart]
    names: Mapping[str, str] = field(default_factory=dict)
    untried: Mapping[str, str] = field(default_factory=dict)


class Matrix:
    """Asks every operation, once for each who."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._people: dict[Role, Session] = {}
        self._lacking: dict[str, list[str]] = {}
        self._own: dict[Role, Session] = {}
        self._at_hand: Chart | None = None
        self._another: Chart | None = None

    def made(self) -> dict[str, Any]:
        """The cells as plain facts: no id, no token, no body."""
        for title, roles in (("by role", STAFF), ("from another facility", (Role.OUTSIDER,))):
            for role in roles:
                self._arrive(role, title)
        cells = [cell for operation in self._asking.operations for cell in self._row(operation)]
        asked = set(map(str, self._asking.operations))
        return {
            "cells": cells,
            "lacking": self._lacking,
            "not_asked": [str(one) for one in self._asking.every if str(one) not in asked],
        }

    def _arrive(self, role: Role, title: str) -> None:
        """A living session of the role, or the reason why there is none."""
        try:
            self._people[role] = self._asking.sessions(role)
        except SettingsError as error:
            self._lacking.setdefault(title, []).append(str(error))
        except NotOffered:
            return  # declared: the verdict's settings say so

    def _row(self, operation: Operation) -> Iterator[dict[str, Any]]:
        """One operation.

        Those who must be refused come first: they change nothing, unless something is wrong.
        """
        yield self._cell(
            operation, NOBODY, Expected.SHUT if operation.protected else Expected.OPEN, None
        )
        if not operation.protected:
            return
        if isinstance(self._asking.expired, Session):
            yield self._cell(operation, EXPIRED, Expected.SHUT, self._asking.expired)
        yield from self._of_the_outsider(operation)
        yield from self._astray(operation)
        may = {
            role: self._asking.table.may(role, operation)
            for role in STAFF
            if role in self._people and role in self._asking.table.rows
        }
        for role in sorted(may, key=lambda role: may[role]):
            if not may[role]:
                yield self._cell(
                    operation, role, Expected.NOT_THEIRS, self._session(operation, role), role
                )
            elif why := self._left_alone(operation, role):
                yield {
                    **_empty(operation, role),
                    "came": "not tried",
                    "unclear": why if str(operation) not in self._asking.untried else "",
                }
            else:
                yield self._cell(
                    operation, role, Expected.LET_IN, self._session(operation, role), role
                )

    def _of_the_outsider(self, operation: Operation) -> Iterator[dict[str, Any]]:
        if Role.OUTSIDER not in self._people:
            return
        if self._inside(operation):
            yield self._cell(operation, OUTSIDER, Expected.NOT_THEIRS, self._people[Role.OUTSIDER])
        elif (
            operation.method in READING
        ):  # and sought, for in a list of thousands the patient may be on a later page
            ways = ({}, *self._chart().sought)
            cells = [
                self._cell(
                    operation,
                    OUTSIDER,
                    Expected.NOTHING_SHOWN,
                    self._people[Role.OUTSIDER],
                    given=given,
                )
                for given in ways
            ]
            looked = any(
                not cell["unclear"] for cell in cells
            )  # one way that gets through is enough: not every list is searched by all
            yield from ({**cell, "unclear": ""} if looked else cell for cell in cells)

    def _astray(self, operation: Operation) -> Iterator[dict[str, Any]]:
        """What belongs to one patient, asked for below another one, by somebody who may read both."""
        values, ids = self._chart().values(operation, self._asking.names), self._chart().ids
        named = {
            name: next((kind for kind, one in ids.items() if one == values.get(name)), None)
            for name in _names(operation)
        }
        patients = [name for name, kind in named.items() if kind == "patient"]
        role = next(
            (
                role
                for role in STAFF
                if role in self._people and self._asking.table.may(role, operation)
            ),
            None,
        )
        if (
            role is None
            or operation.method not in READING
            or not patients
            or not set(named.values()) - {"patient", None}
        ):
            return
        if self._another is None:
            self._another = self._asking.chart()
        given = dict.fromkeys(patients, self._another.ids["patient"])
        yield self._cell(operation, ASTRAY, Expected.NOT_THEIRS, self._people[role], given=given)

    def _left_alone(self, operation: Operation, role: Role) -> str | None:
        """Why somebody who may does not try: it would change what is not the run's own, and nobody
        could put it back.
        """
        names = _names(operation)
        lasting = any(
            self._asking.names.get(name, "patient") not in self._chart().ids for name in names
        )
        outside = operation.method not in READING and (
            lasting or (not names and operation.method != "POST")
        )
        if not outside and str(operation) not in self._asking.untried:
            return None
        return (
            f"{operation} is not tried by one who is {role.value}, and may: it changes something"
            " that is not this run's own. Say in"
            f" [targets.{self._asking.table.target}.contract.untried] why it need not be"
        )

    def _cell(
        self,
        operation: Operation,
        who: str,
        expected: Expected,
        session: Session | None,
        role: Role | None = None,
        given: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[str, Any]:
        chart = self._chart()
        values = {**chart.values(operation, self._asking.names), **given}
        cell = {**_empty(operation, who), "expected": expected.value}
        try:
            answer = self._asking.hospital.attempt(operation, session, values)
        except Unreachable as error:
            if error.final:
                raise NotProven(
                    f"the target was gone before everybody had asked: {error}"
                ) from None
            return {**cell, "came": "no answer", "wrong": str(error)}
        if operation.method not in READING and not 400 <= answer.status < 500:
            self._at_hand = None
            self._own.pop(role, None) if role else None
        reason = self._asking.hospital.reason_of(answer)
        came = f"{reason.value} (HTTP {answer.status})" if reason else f"HTTP {answer.status}"
        kind, more = self._judged(expected, operation, answer, reason, chart)
        return {
            **cell,
            "came": came,
            **({kind: _told(operation, who, expected, came + more, answer)} if kind else {}),
        }

    def _judged(
        self,
        expected: Expected,
        operation: Operation,
        answer: Answer,
        reason: Reason | None,
        chart: Chart,
    ) -> tuple[str, str]:
        """`wrong` or `unclear`, with what is to be said beside what came; nothing where it is as
        expected.
        """
        if expected is Expected.OPEN:
            return (
                ("wrong", "")
                if answer.status >= 500 and answer.status not in operation.statuses
                else FINE
            )
        if expected is not Expected.LET_IN and any(word in answer.text for word in chart.words):
            return "wrong", ", and with it something of the patient"
        if answer.status >= 500:
            return "wrong", ""
        if expected is Expected.SHUT:
            return FINE if reason is Reason.UNAUTHENTICATED else ("wrong", "")
        if expected is Expected.NOTHING_SHOWN:
            return ("unclear", _UNSEEN) if reason in _LOOKED_ELSEWHERE else FINE
        strange = sorted(_names(operation) - chart.values(operation, self._asking.names).keys())
        return self._of_a_member(expected, reason, strange)

    def _of_a_member(
        self, expected: Expected, reason: Reason | None, strange: Sequence[str]
    ) -> tuple[str, str]:
        """`strange`: names in the path of which nobody has an id, so that "not found" says nothing."""
        if reason is Reason.NOT_FOUND and strange:
            where = f"[targets.{self._asking.table.target}.contract.parameters]"
            return (
                FINE
                if expected is Expected.LET_IN
                else (
                    "unclear",
                    f", and nobody says what {', '.join(strange)} is: write it in {where}",
                )
            )
        if expected is Expected.LET_IN:
            shut = reason in (Reason.UNAUTHENTICATED, Reason.FORBIDDEN, Reason.NOT_FOUND)
            return (
                ("wrong", "") if shut else ("unclear", "") if reason is Reason.THROTTLED else FINE
            )
        if reason in _LOOKED_ELSEWHERE:
            return "unclear", _UNSEEN
        return FINE if reason in (Reason.FORBIDDEN, Reason.NOT_FOUND) else ("wrong", "")

    def _session(self, operation: Operation, role: Role) -> Session:
        if operation.method in READING or self._inside(operation):
            return self._people[role]
        if role not in self._own:
            self._own[role] = self._asking.own_session(role)
        return self._own[role]

    def _inside(self, operation: Operation) -> bool:
        """Whether it names something of the chart."""
        values = self._chart().values(operation, self._asking.names)
        return any(values.get(name) in self._chart().ids.values() for name in _names(operation))

    def _chart(self) -> Chart:
        if self._at_hand is None:
            self._at_hand = self._asking.chart()
        return self._at_hand


def _empty(operation: Operation, who: str) -> dict[str, Any]:
    return {
        "operation": str(operation),
        "who": str(who),
        "expected": Expected.LET_IN.value,
        "came": "",
        "wrong": "",
        "unclear": "",
    }


def _told(operation: Operation, who: str, expected: Expected, came: str, answer: Answer) -> str:
    number = answer.headers.get("x-request-id")
    again = f"\nrequest:  {number}" if number else ""
    return (
        f"{operation}, asked {_BY.get(who, f'by one who is {who}')}\nexpected:"
        f" {expected.value}\ncame:     {came}{again}"
    )


def _names(operation: Operation) -> frozenset[str]:
    """The names of what stands in braces in the path."""
    return frozenset(part.partition("}")[0] for part in operation.path.split("{")[1:])


def _by_segment(operation: Operation) -> Iterator[tuple[str, str]]:
    """What `/patients/{id}` means by its name: the thing that the segment before it lists."""
    segments = operation.path.split("/")
    for before, segment in pairwise(segments):
        if segment.startswith("{") and segment.endswith("}"):
            yield segment[1:-1], before.lower().removesuffix("s")
