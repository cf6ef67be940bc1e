"""The questions about methods that the API's document does not list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.hospital import (
    Answer,
    Driver,
    Operation,
    Rejected,
    Session,
    UndocumentedRequest,
)
from cutover_gates.hospital.undocumented_requests import (
    SAFE_METHODS,
    list_overrides,
    list_undocumented,
)
from cutover_gates.probes.api.methods.conditional_requests import (
    find_told_conditions,
    list_readable,
    read_validators,
)
from cutover_gates.probes.api.methods.method_judgement import (
    compare_charts,
    find_obeyed_request,
    find_shown_patient,
    read_chart,
)


@dataclass(frozen=True)
class TriedChart:
    """A chart of the run's own.

    `ids` are by kind (patient, visit, document). `words` stand in no other chart. `values` returns
    the values of the parameters in an operation's path.
    """

    ids: Mapping[str, str]
    words: tuple[str, ...]
    values: Callable[[Operation], Mapping[str, str]]


@dataclass(frozen=True)
class MethodAssessments:
    """Answers the checks about other methods.

    `operations` are all of the document. `new_chart` makes a chart: an attempt may change it.
    `reader` may read every chart. `is_ephemeral`: all data ends with the run, so that a request
    that would write may be sent to any path, and not only to those of the run's own records.
    """

    hospital: Driver
    operations: Sequence[Operation]
    new_chart: Callable[[], TriedChart]
    reader: Session
    is_ephemeral: bool
    record: Callable[[Assessment], None] = field(repr=False)

    def assess_method(self, method: str, session: Session | None, asker: str) -> Assessment:
        """Send `method` to each path that does not list it, as somebody who may not see the chart.

        `session` None is a stranger without a token.
        """
        requests: list[Operation] = list(list_undocumented(self.operations, method))
        if method in SAFE_METHODS and session is None:
            # What the document lists is refused to a stranger, too: its refusal may still tell.
            requests += [one for one in self.operations if one.protected and one.method == method]
        return self._assess(f"{method} where no document lists it, {asker}", requests, session)

    def assess_override(self, method: str, session: Session | None, asker: str) -> Assessment:
        """Send GET and POST whose headers say that `method` is meant."""
        requests = list_overrides(self.operations, method)
        return self._assess(f"another method that means {method}, {asker}", requests, session)

    def assess_conditions(self, session: Session | None, asker: str) -> Assessment:
        """Read each record of a chart with a condition, as somebody who may not see it."""
        chart, builder = self.new_chart(), AssessmentBuilder()
        for operation in list_readable(self.operations, chart.values):
            values = chart.values(operation)
            validators = read_validators(self.hospital, self.reader, operation, values)
            send = partial(self._send, session, values)
            builder.findings += find_told_conditions(operation, asker, validators, send)
            builder.checked.append(str(operation))
        assessment = builder.build(f"conditional requests {asker}")
        self.record(assessment)
        return assessment

    def _send(
        self, session: Session | None, values: Mapping[str, str], request: Operation
    ) -> Answer:
        try:
            return self.hospital.attempt(request, session, values)
        except Rejected as rejection:
            return rejection.answer

    def _assess(
        self, title: str, requests: Sequence[Operation], session: Session | None
    ) -> Assessment:
        chart, builder = self.new_chart(), AssessmentBuilder()
        before = read_chart(self.hospital, self.reader, chart.ids)
        not_sent = []
        for request in requests:
            values = chart.values(request)
            if self._may_send(request, values):
                self._ask(builder, request, session, chart)
                builder.checked.append(str(request))
            else:
                not_sent.append(str(request))
        after = read_chart(self.hospital, self.reader, chart.ids)
        builder.findings += compare_charts(before, after, title)
        builder.checked.append("the chart afterwards")
        builder.figures = {"not_sent": not_sent}
        assessment = builder.build(title)
        self.record(assessment)
        return assessment

    def _may_send(self, request: Operation, values: Mapping[str, str]) -> bool:
        """Return whether bad luck with this request harms nothing but the chart of the check.

        Of a list only a reading request without an override is harmless.
        """
        if not isinstance(request, UndocumentedRequest) or self.is_ephemeral:
            return True
        is_own = bool(request.parameters) and request.parameters <= values.keys()
        return is_own or (request.method in SAFE_METHODS and not request.headers)

    def _ask(
        self,
        builder: AssessmentBuilder,
        request: Operation,
        session: Session | None,
        chart: TriedChart,
    ) -> None:
        answer = self._send(session, chart.values(request), request)
        subject = f"{request} {'without a token' if session is None else 'by an outsider'}"
        builder.findings += find_shown_patient(request, answer, subject, chart.words)
        if isinstance(request, UndocumentedRequest):
            obeyed = find_obeyed_request(
                request, answer, subject, may_use_lists=session is not None
            )
            builder.findings += [obeyed] if obeyed else []
