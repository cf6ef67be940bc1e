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

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.hospital import (
    Answer,
    DriverFeatures,
    Operation,
    Reason,
    Role,
    Session,
    Unreachable,
    Unsupported,
)
from cutover_gates.probes.api.access.model import STAFF_ROLES, RoleTable

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
NO_TOKEN, EXPIRED_TOKEN, OTHER_FACILITY, OTHER_PATIENT = (
    "no token",
    "an expired token",
    "another facility",
    "another patient's",
)
NO_PROBLEM = ("", "")
_ASKER_TEXTS = {
    NO_TOKEN: "with no token",
    EXPIRED_TOKEN: "with an expired token",
    OTHER_FACILITY: "by a clinician of another facility",
    OTHER_PATIENT: "below another patient than the one to whom it belongs",
}
_INPUT_REJECTIONS = frozenset(
    {Reason.INVALID, Reason.TOO_LARGE, Reason.UNSUPPORTED_TYPE, Reason.THROTTLED}
)
"""Refusals that say nothing of who asks."""
_NOT_AUTHORIZED_FIRST = (
    ", before anybody looked at who asks: give the document an example that is valid"
)


class ExpectedAccess(StrEnum):
    """What must come of a request."""

    NO_FAILURE = "no failure"
    UNAUTHENTICATED = "refused as unauthenticated"
    FORBIDDEN = "refused as forbidden or not found"
    NO_FOREIGN_DATA = "nothing of another facility's patient"
    ALLOWED = "let in"


class OperationCaller(Protocol):
    """What is used of a driver."""

    def attempt(
        self, operation: Operation, session: Session | None, values: Mapping[str, str] | None = None
    ) -> Answer: ...
    @property
    def features(self) -> DriverFeatures: ...


@dataclass(frozen=True)
class PatientChart:
    """A patient of the run's own with what belongs to him: `ids` by kind (patient, visit,
    document), `words` that stand in no other chart, and what lists find him by: names and values of
    query parameters, one set for each way.
    """

    ids: Mapping[str, str]
    words: tuple[str, ...]
    search_queries: tuple[Mapping[str, str], ...] = ()

    def parameter_values(self, operation: Operation, names: Mapping[str, str]) -> dict[str, str]:
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
                for name, kind in _kinds_by_parameter(operation)
                if kind in self.ids and name not in usual | said
            },
        }


@dataclass(frozen=True)
class AccessContext:
    """Who asks whom for what.

    `operations` are those that are asked, `all_operations` all of the document. `sessions` gives living
    sessions, `new_session` one that may end, `new_chart` a fresh chart. `names`: what a path means by a
    name; `untried`: operations that those who may do not try. Both as in the settings.
    """

    hospital: OperationCaller
    operations: Sequence[Operation]
    all_operations: Sequence[Operation]
    role_table: RoleTable
    sessions: Callable[[Role], Session]
    new_session: Callable[[Role], Session]
    expired_session: Session | Exception
    new_chart: Callable[[], PatientChart]
    names: Mapping[str, str] = field(default_factory=dict)
    untried: Mapping[str, str] = field(default_factory=dict)


class AccessMatrix:
    """Asks every operation, once for each who."""

    def __init__(self, asking: AccessContext) -> None:
        self._asking = asking
        self._people: dict[Role, Session] = {}
        self._lacking: dict[str, list[str]] = {}
        self._own: dict[Role, Session] = {}
        self._at_hand: PatientChart | None = None
        self._another: PatientChart | None = None

    def build(self) -> dict[str, Any]:
        """The cells as plain facts: no id, no token, no body."""
        for title, roles in (("by role", STAFF_ROLES), ("from another facility", (Role.OUTSIDER,))):
            for role in roles:
                self._open_session(role, title)
        cells = [
            cell for operation in self._asking.operations for cell in self._build_row(operation)
        ]
        asked = set(map(str, self._asking.operations))
        return {
            "cells": cells,
            "lacking": self._lacking,
            "not_asked": [str(one) for one in self._asking.all_operations if str(one) not in asked],
        }

    def _open_session(self, role: Role, title: str) -> None:
        """A living session of the role, or the reason why there is none."""
        try:
            self._people[role] = self._asking.sessions(role)
        except SettingsError as error:
            self._lacking.setdefault(title, []).append(str(error))
        except Unsupported:
            return  # declared: the verdict's settings say so

    def _build_row(self, operation: Operation) -> Iterator[dict[str, Any]]:
        """One operation.

        Those who must be refused come first: they change nothing, unless something is wrong.
        """
        yield self._request_cell(
            operation,
            NO_TOKEN,
            ExpectedAccess.UNAUTHENTICATED if operation.protected else ExpectedAccess.NO_FAILURE,
            None,
        )
        if not operation.protected:
            return
        if isinstance(self._asking.expired_session, Session):
            yield self._request_cell(
                operation,
                EXPIRED_TOKEN,
                ExpectedAccess.UNAUTHENTICATED,
                self._asking.expired_session,
            )
        yield from self._outsider_cells(operation)
        yield from self._other_patient_cells(operation)
        may = {
            role: self._asking.role_table.allows(role, operation)
            for role in STAFF_ROLES
            if role in self._people and role in self._asking.role_table.rows
        }
        for role in sorted(may, key=lambda role: may[role]):
            if not may[role]:
                yield self._request_cell(
                    operation,
                    role,
                    ExpectedAccess.FORBIDDEN,
                    self._choose_session(operation, role),
                    role,
                )
            elif why := self._skip_reason(operation, role):
                yield {
                    **_empty_cell(operation, role),
                    "came": "not tried",
                    "unclear": why if str(operation) not in self._asking.untried else "",
                }
            else:
                yield self._request_cell(
                    operation,
                    role,
                    ExpectedAccess.ALLOWED,
                    self._choose_session(operation, role),
                    role,
                )

    def _outsider_cells(self, operation: Operation) -> Iterator[dict[str, Any]]:
        if Role.OUTSIDER not in self._people:
            return
        if self._is_own_record(operation):
            yield self._request_cell(
                operation, OTHER_FACILITY, ExpectedAccess.FORBIDDEN, self._people[Role.OUTSIDER]
            )
        elif (
            operation.method in SAFE_METHODS
        ):  # and sought, for in a list of thousands the patient may be on a later page
            ways = ({}, *self._current_chart().search_queries)
            cells = [
                self._request_cell(
                    operation,
                    OTHER_FACILITY,
                    ExpectedAccess.NO_FOREIGN_DATA,
                    self._people[Role.OUTSIDER],
                    given=given,
                )
                for given in ways
            ]
            looked = any(
                not cell["unclear"] for cell in cells
            )  # one way that gets through is enough: not every list is searched by all
            yield from ({**cell, "unclear": ""} if looked else cell for cell in cells)

    def _other_patient_cells(self, operation: Operation) -> Iterator[dict[str, Any]]:
        """What belongs to one patient, asked for below another one, by somebody who may read both."""
        values, ids = (
            self._current_chart().parameter_values(operation, self._asking.names),
            self._current_chart().ids,
        )
        named = {
            name: next((kind for kind, one in ids.items() if one == values.get(name)), None)
            for name in _path_parameters(operation)
        }
        patients = [name for name, kind in named.items() if kind == "patient"]
        role = next(
            (
                role
                for role in STAFF_ROLES
                if role in self._people and self._asking.role_table.allows(role, operation)
            ),
            None,
        )
        if (
            role is None
            or operation.method not in SAFE_METHODS
            or not patients
            or not set(named.values()) - {"patient", None}
        ):
            return
        if self._another is None:
            self._another = self._asking.new_chart()
        given = dict.fromkeys(patients, self._another.ids["patient"])
        yield self._request_cell(
            operation, OTHER_PATIENT, ExpectedAccess.FORBIDDEN, self._people[role], given=given
        )

    def _skip_reason(self, operation: Operation, role: Role) -> str | None:
        """Why somebody who may does not try: it would change what is not the run's own, and nobody
        could put it back.
        """
        names = _path_parameters(operation)
        lasting = any(
            self._asking.names.get(name, "patient") not in self._current_chart().ids
            for name in names
        )
        outside = operation.method not in SAFE_METHODS and (
            lasting or (not names and operation.method != "POST")
        )
        if not outside and str(operation) not in self._asking.untried:
            return None
        return (
            f"{operation} is not tried by one who is {role.value}, and may: it changes something"
            " that is not this run's own. Say in"
            f" [targets.{self._asking.role_table.target}.contract.untried] why it need not be"
        )

    def _request_cell(
        self,
        operation: Operation,
        who: str,
        expected: ExpectedAccess,
        session: Session | None,
        role: Role | None = None,
        given: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[str, Any]:
        chart = self._current_chart()
        values = {**chart.parameter_values(operation, self._asking.names), **given}
        cell = {**_empty_cell(operation, who), "expected": expected.value}
        try:
            answer = self._asking.hospital.attempt(operation, session, values)
        except Unreachable as error:
            if error.final:
                raise NotProven(
                    f"the target was gone before everybody had asked: {error}"
                ) from None
            return {**cell, "came": "no answer", "wrong": str(error)}
        if operation.method not in SAFE_METHODS and not 400 <= answer.status < 500:
            self._at_hand = None
            self._own.pop(role, None) if role else None
        reason = self._asking.hospital.features.reason_of(answer)
        came = f"{reason.value} (HTTP {answer.status})" if reason else f"HTTP {answer.status}"
        kind, more = self._judge_answer(expected, operation, answer, reason, chart)
        return {
            **cell,
            "came": came,
            **(
                {kind: _format_problem(operation, who, expected, came + more, answer)}
                if kind
                else {}
            ),
        }

    def _judge_answer(
        self,
        expected: ExpectedAccess,
        operation: Operation,
        answer: Answer,
        reason: Reason | None,
        chart: PatientChart,
    ) -> tuple[str, str]:
        """`wrong` or `unclear`, with what is to be said beside what came; nothing where it is as
        expected.
        """
        if expected is ExpectedAccess.NO_FAILURE:
            return (
                ("wrong", "")
                if answer.status >= 500 and answer.status not in operation.statuses
                else NO_PROBLEM
            )
        if expected is not ExpectedAccess.ALLOWED and any(
            word in answer.text for word in chart.words
        ):
            return "wrong", ", and with it something of the patient"
        if answer.status >= 500:
            return "wrong", ""
        if expected is ExpectedAccess.UNAUTHENTICATED:
            return NO_PROBLEM if reason is Reason.UNAUTHENTICATED else ("wrong", "")
        if expected is ExpectedAccess.NO_FOREIGN_DATA:
            return ("unclear", _NOT_AUTHORIZED_FIRST) if reason in _INPUT_REJECTIONS else NO_PROBLEM
        strange = sorted(
            _path_parameters(operation)
            - chart.parameter_values(operation, self._asking.names).keys()
        )
        return self._judge_member(expected, reason, strange)

    def _judge_member(
        self, expected: ExpectedAccess, reason: Reason | None, strange: Sequence[str]
    ) -> tuple[str, str]:
        """`strange`: names in the path of which nobody has an id, so that "not found" says nothing."""
        if reason is Reason.NOT_FOUND and strange:
            where = f"[targets.{self._asking.role_table.target}.contract.parameters]"
            return (
                NO_PROBLEM
                if expected is ExpectedAccess.ALLOWED
                else (
                    "unclear",
                    f", and nobody says what {', '.join(strange)} is: write it in {where}",
                )
            )
        if expected is ExpectedAccess.ALLOWED:
            shut = reason in (Reason.UNAUTHENTICATED, Reason.FORBIDDEN, Reason.NOT_FOUND)
            return (
                ("wrong", "")
                if shut
                else ("unclear", "")
                if reason is Reason.THROTTLED
                else NO_PROBLEM
            )
        if reason in _INPUT_REJECTIONS:
            return "unclear", _NOT_AUTHORIZED_FIRST
        return NO_PROBLEM if reason in (Reason.FORBIDDEN, Reason.NOT_FOUND) else ("wrong", "")

    def _choose_session(self, operation: Operation, role: Role) -> Session:
        if operation.method in SAFE_METHODS or self._is_own_record(operation):
            return self._people[role]
        if role not in self._own:
            self._own[role] = self._asking.new_session(role)
        return self._own[role]

    def _is_own_record(self, operation: Operation) -> bool:
        """Whether it names something of the chart."""
        values = self._current_chart().parameter_values(operation, self._asking.names)
        return any(
            values.get(name) in self._current_chart().ids.values()
            for name in _path_parameters(operation)
        )

    def _current_chart(self) -> PatientChart:
        if self._at_hand is None:
            self._at_hand = self._asking.new_chart()
        return self._at_hand


def _empty_cell(operation: Operation, who: str) -> dict[str, Any]:
    return {
        "operation": str(operation),
        "who": str(who),
        "expected": ExpectedAccess.ALLOWED.value,
        "came": "",
        "wrong": "",
        "unclear": "",
    }


def _format_problem(
    operation: Operation, who: str, expected: ExpectedAccess, came: str, answer: Answer
) -> str:
    number = answer.headers.get("x-request-id")
    again = f"\nrequest:  {number}" if number else ""
    return (
        f"{operation}, asked {_ASKER_TEXTS.get(who, f'by one who is {who}')}\nexpected:"
        f" {expected.value}\ncame:     {came}{again}"
    )


def _path_parameters(operation: Operation) -> frozenset[str]:
    """The names of what stands in braces in the path."""
    return frozenset(part.partition("}")[0] for part in operation.path.split("{")[1:])


def _kinds_by_parameter(operation: Operation) -> Iterator[tuple[str, str]]:
    """What `/patients/{id}` means by its name: the thing that the segment before it lists."""
    segments = operation.path.split("/")
    for before, segment in pairwise(segments):
        if segment.startswith("{") and segment.endswith("}"):
            yield segment[1:-1], before.lower().removesuffix("s")
