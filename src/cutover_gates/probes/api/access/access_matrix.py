"""The access matrix: every operation, requested by everybody who may or may not use it.

What is expected follows from the document and the role table. A request that gets through and
changes something may have changed the chart, so the next one gets a fresh chart. A request outside
of a chart may end its session, so it gets a session of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from cutover_gates.config.base import SettingsError
from cutover_gates.core.findings import Finding, gap_error
from cutover_gates.hospital import Answer, Operation, Role, Session, Unreachable, Unsupported
from cutover_gates.probes.api.access import rules
from cutover_gates.probes.api.access.access_judgement import (
    JudgementKind,
    access_rule,
    describe_answer,
    find_patient_names,
    is_own_record,
    judge_answer,
    must_skip,
    says_unauthenticated,
    skipped_cell,
    unlisted_cell,
)
from cutover_gates.probes.api.access.model import (
    EXPIRED_TOKEN,
    NO_TOKEN,
    OTHER_FACILITY,
    OTHER_PATIENT,
    SAFE_METHODS,
    AccessCell,
    AccessContext,
    AccessResults,
    ExpectedAccess,
    PatientChart,
    format_subject,
)


class AccessMatrix:
    """Requests every operation, once by each asker."""

    def __init__(self, context: AccessContext) -> None:
        self._context = context
        self._staff = context.role_table.staff.names
        self._sessions: dict[str, Session] = {}
        self._missing_sessions: dict[str, Finding] = {}
        self._own_sessions: dict[str, Session] = {}
        self._chart: PatientChart | None = None
        self._other_chart: PatientChart | None = None

    def build(self) -> AccessResults:
        """Make all requests, and return what came of them."""
        for role in (*self._staff, Role.OUTSIDER.value):
            self._open_session(role)
        cells: list[AccessCell] = []
        for operation in self._context.operations:
            cells += self._build_row(operation)
        requested = set(map(str, self._context.operations))
        not_asked = [str(one) for one in self._context.all_operations if str(one) not in requested]
        return AccessResults(tuple(cells), self._missing_sessions, tuple(not_asked))

    def _open_session(self, role: str) -> None:
        """Open a session of the role, or keep the reason why there is none."""
        try:
            self._sessions[role] = self._context.sessions(role)
        except SettingsError as error:
            gap = Finding(rules.SESSION_AVAILABLE, role, "", str(error))
            self._missing_sessions[role] = gap
        except Unsupported:
            return  # declared as such: the verdict shows it

    def _build_row(self, operation: Operation) -> Iterator[AccessCell]:
        """Request one operation by everybody.

        Those who must be refused come first: they change nothing, unless something is wrong.
        """
        if not operation.protected:
            yield self._request_cell(operation, NO_TOKEN, ExpectedAccess.NO_FAILURE, None)
            return
        yield self._request_cell(operation, NO_TOKEN, ExpectedAccess.UNAUTHENTICATED, None)
        expired = self._context.expired_session
        if isinstance(expired, Session):
            yield self._request_cell(
                operation, EXPIRED_TOKEN, ExpectedAccess.UNAUTHENTICATED, expired
            )
        yield from self._outsider_cells(operation)
        yield from self._other_patient_cells(operation)
        yield from self._staff_cells(operation)

    def _staff_cells(self, operation: Operation) -> Iterator[AccessCell]:
        """Request one operation by each role: first those that must be refused."""
        table = self._context.role_table
        roles = [role for role in self._staff if role in self._sessions and table.knows(role)]
        for role in sorted(roles, key=lambda role: bool(table.allows(role, operation))):
            yield self._role_cell(operation, role, table.allows(role, operation))

    def _role_cell(self, operation: Operation, role: str, allowed: bool | None) -> AccessCell:
        if allowed is None:
            return unlisted_cell(self._context, operation, role)
        if allowed and must_skip(self._context, operation, self._current_chart()):
            return skipped_cell(self._context, operation, role)
        expected = ExpectedAccess.ALLOWED if allowed else ExpectedAccess.REFUSED_TO_ROLE
        session = self._choose_session(operation, role)
        cell = self._request_cell(operation, role, expected, session, role)
        if allowed or not says_unauthenticated(cell):
            return cell
        # A session that has ended says nothing of the role. One that was just made does.
        again = self._request_cell(operation, role, expected, self._context.new_session(role), role)
        return replace(again, finding=None) if says_unauthenticated(again) else again

    def _outsider_cells(self, operation: Operation) -> Iterator[AccessCell]:
        if Role.OUTSIDER not in self._sessions:
            return
        session = self._sessions[Role.OUTSIDER]
        if is_own_record(self._context, operation, self._current_chart()):
            yield self._request_cell(operation, OTHER_FACILITY, ExpectedAccess.FORBIDDEN, session)
        elif operation.method in SAFE_METHODS:
            # Searched too: in a list of thousands the patient may be on a later page.
            queries = (MappingProxyType({}), *self._current_chart().search_queries)
            cells = [
                self._request_cell(
                    operation,
                    OTHER_FACILITY,
                    ExpectedAccess.NO_FOREIGN_DATA,
                    session,
                    values=values,
                )
                for values in queries
            ]
            # One query that gets through is enough: not every list can be searched by all of them.
            if any(cell.gap is None for cell in cells):
                cells = [replace(cell, gap=None) for cell in cells]
            yield from cells

    def _other_patient_cells(self, operation: Operation) -> Iterator[AccessCell]:
        """Request a record of one patient below another one, by a role that may read both."""
        patients = find_patient_names(self._context, operation, self._current_chart())
        allowed = [
            role
            for role in self._staff
            if role in self._sessions and self._context.role_table.allows(role, operation)
        ]
        if not allowed or operation.method not in SAFE_METHODS or not patients:
            return
        if self._other_chart is None:
            self._other_chart = self._context.new_chart()
        yield self._request_cell(
            operation,
            OTHER_PATIENT,
            ExpectedAccess.FORBIDDEN,
            self._sessions[allowed[0]],
            values=dict.fromkeys(patients, self._other_chart.ids["patient"]),
        )

    def _request_cell(
        self,
        operation: Operation,
        asker: str,
        expected: ExpectedAccess,
        session: Session | None,
        role: str | None = None,
        values: Mapping[str, str] = MappingProxyType({}),
    ) -> AccessCell:
        chart = self._current_chart()
        subject = format_subject(operation, asker)
        cell = AccessCell(str(operation), str(asker), expected)
        filled = {**chart.parameter_values(operation, self._context.names), **values}
        try:
            answer = self._context.hospital.attempt(operation, session, filled)
        except Unreachable as error:
            if error.final:
                raise gap_error(
                    rules.REQUEST_ANSWERED, subject, f"the target is gone: {error}"
                ) from None
            finding = Finding(rules.REQUEST_ANSWERED, subject, "an answer", str(error))
            return replace(cell, actual="no answer", finding=finding)
        # What gets through may have changed the chart, or ended the session.
        if operation.method not in SAFE_METHODS and not 400 <= answer.status < 500:
            self._chart = None
            if role:
                self._own_sessions.pop(role, None)
        return self._judge_cell(
            replace(cell, actual=describe_answer(self._context, answer)), operation, answer, chart
        )

    def _judge_cell(
        self, cell: AccessCell, operation: Operation, answer: Answer, chart: PatientChart
    ) -> AccessCell:
        judgement = judge_answer(self._context, cell.expected, operation, answer, chart)
        if judgement.kind is JudgementKind.FINE:
            return cell
        rule = access_rule(cell.asker, cell.expected)
        subject = format_subject(operation, cell.asker)
        actual = cell.actual + judgement.detail
        if judgement.kind is JudgementKind.UNCLEAR:
            return replace(cell, gap=Finding(rule, subject, "", actual))
        number = answer.headers.get("x-request-id")
        reproduce = f"x-request-id: {number}" if number else ""
        return replace(cell, finding=Finding(rule, subject, cell.expected.value, actual, reproduce))

    def _choose_session(self, operation: Operation, role: str) -> Session:
        if operation.method in SAFE_METHODS or is_own_record(
            self._context, operation, self._current_chart()
        ):
            return self._sessions[role]
        if role not in self._own_sessions:
            self._own_sessions[role] = self._context.new_session(role)
        return self._own_sessions[role]

    def _current_chart(self) -> PatientChart:
        if self._chart is None:
            self._chart = self._context.new_chart()
        return self._chart
