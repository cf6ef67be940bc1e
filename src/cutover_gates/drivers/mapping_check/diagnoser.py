"""The diagnoser of failed steps: from an error to its cause and the line to change."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from cutover_gates.drivers.http_client import same_origin
from cutover_gates.drivers.mapping_check.causes import BY_REASON, Cause, advise
from cutover_gates.drivers.mapping_check.check_context import (
    CheckContext,
    CheckStep,
    NotRejected,
    UnexpectedResult,
)
from cutover_gates.drivers.mapping_check.diagnosis import Diagnosis
from cutover_gates.drivers.mapping_check.last_exchange import (
    MOST_REQUESTS,
    LastExchange,
    TooManyRequests,
)
from cutover_gates.drivers.mapping_check.raised_errors import (
    find_connection_cause,
    locate_driver_error,
    wants_tls,
)
from cutover_gates.drivers.mapping_check.rejection_hints import (
    acting_role,
    find_rejected_field,
    key_of_rejection,
)
from cutover_gates.drivers.mapping_check.source_locations import SourceLocations
from cutover_gates.drivers.mapping_check.suggestions import suggest_value
from cutover_gates.hospital import (
    MappingError,
    ProtocolViolation,
    Reason,
    Rejected,
    Unreachable,
)

_MAPPING_ERROR = re.compile(
    r"""^[^:\n]+:\ (?P<key>[a-z_]+(?:\.[\w-]+|\."[^"\n]+"|\[\d+\])*)
        (?P<given>\ =\ (?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|.*?))?:\ (?P<problem>.*)$""",
    re.DOTALL | re.VERBOSE,
)
_SOURCE = re.compile(r" \([^()]*\)$")
_WORDS = re.compile(r"\[(words\.\w+)\]")
_STEP = re.compile(r"operations\.\w+(?:\.steps\[\d+\])?|setup\[\d+\]")
_READING_KEYS = (".expect", ".items", ".total")
_FHIR_ADVICE = (
    "Compare with what the server's capability statement promises, and with the keys of its table"
    " fhir (docs/settings.md)."
)


@dataclass(frozen=True)
class Diagnoser:
    """Diagnoses failed steps. `base_url` is the target's."""

    locations: SourceLocations
    exchange: LastExchange
    base_url: str

    def diagnose(self, step: CheckStep, context: CheckContext, error: Exception) -> Diagnosis:
        """Return the diagnosis of any error that a driver raises."""
        diagnosis = self._diagnose(step, context, error)
        driver = self.locations.driver
        no_mapping = (self.locations.locate("driver"), self.locations.locate("fhir.auth"))
        if driver == "rest" or not diagnosis.location.startswith(no_mapping):
            return diagnosis
        # Without a mapping there is no line to change: the advice names the settings or the class.
        advice = f"Check what the driver's {step.operation} returns or raises here."
        return replace(diagnosis, advice=_FHIR_ADVICE if driver == "fhir" else advice)

    def diagnose_mapping_error(self, error: MappingError) -> Diagnosis:
        """Return the diagnosis of a mapping error: it says what is wrong, but not on which line."""
        found = _MAPPING_ERROR.match(str(error))
        if not found:
            return Diagnosis(Cause.INVALID_MAPPING, str(error), "", "")
        key, problem = found["key"], found["problem"]
        cause = Cause.INVALID_MAPPING
        if problem.endswith("is the path right?"):
            cause, key = Cause.WRONG_PATH, self.locations.url_key(key)
        location = f"{self.locations.locate(key)}{found['given'] or ''}"
        is_url = found["key"].removeprefix(self.locations.target) == "url"
        return Diagnosis(cause, location, "", problem, final=is_url)

    def _diagnose(self, step: CheckStep, context: CheckContext, error: Exception) -> Diagnosis:
        answer = self.exchange.answer
        if answer is not None and wants_tls(answer):
            return replace(
                self._at(Cause.TLS_EXPECTED, "url", "an answer", "this port speaks TLS"), final=True
            )
        match error:
            case Unreachable():
                return self._diagnose_unreachable(step, error)
            case MappingError():
                return self.diagnose_mapping_error(error)
            case TooManyRequests():
                key = f"operations.{step.operation}.query"
                actual = f"no end after {MOST_REQUESTS} requests"
                return self._at(Cause.ENDLESS_LIST, key, "one entry, on one page", actual)
            case _:
                return self._judge_answer(step, context, error)

    def _judge_answer(self, step: CheckStep, context: CheckContext, error: Exception) -> Diagnosis:
        """Return the diagnosis of an answer that came, and says something else than expected."""
        match error:
            case NotRejected():
                return self._diagnose_accepted_request(error)
            case Rejected():
                return self._judge_refusal(step, context, error)
            case UnexpectedResult():
                return self._diagnose_result(context, error)
            case ProtocolViolation():
                return self._diagnose_violation(step, context, error)
            case _:
                return self._diagnose_driver_error(error)

    def _at(
        self, cause: Cause, key: str, expected: str, actual: str, **values: object
    ) -> Diagnosis:
        location = self.locations.locate(key)
        return Diagnosis(cause, location, expected, actual, advise(cause, **values))

    def _diagnose_unreachable(self, step: CheckStep, error: Unreachable) -> Diagnosis:
        request = self.exchange.request
        elsewhere = request is not None and not same_origin(str(request.url), self.base_url)
        key = "url"
        if elsewhere:
            found = _STEP.search(error.mapping_line)
            key = f"{found[0] if found else f'operations.{step.operation}'}.url"
        actual = error.finding.actual
        diagnosis = self._at(find_connection_cause(actual), key, "an answer", actual)
        # A target that has answered before may answer again.
        final = not elsewhere and (error.final or not self.exchange.heard)
        return replace(diagnosis, final=final)

    def _judge_refusal(self, step: CheckStep, context: CheckContext, error: Rejected) -> Diagnosis:
        if error.answer.status < 300:
            actual = f"this rule sees a rejection in HTTP {error.answer.status}: {error}"
            key = f"refusals.{error.reason.value}"
            return self._at(Cause.REJECTION_IN_SUCCESS, key, "no rejection", actual)
        cause = Cause.SIGN_IN_REJECTED if step.operation == "sign_in" else BY_REASON[error.reason]
        key, complaint = key_of_rejection(step, cause, context.acting), ""
        if error.reason is Reason.INVALID:
            key, complaint = find_rejected_field(self.exchange, self.locations, key)
        # A driver with a mapping says it itself.
        actual = f"the target rejected: {error}{'' if complaint in str(error) else complaint}"
        return self._at(cause, key, "no rejection", actual, role=acting_role(step))

    def _diagnose_accepted_request(self, error: NotRejected) -> Diagnosis:
        reason, answer = error.reasons[0].value, self.exchange.answer
        reasons = " or ".join(reason.value for reason in error.reasons)
        expected = f"a rejection that the mapping reads as {reasons}"
        key = f"refusals.{reason}"
        if answer is None:
            return self._at(Cause.NOTHING_SENT, key, expected, "no request was sent")
        cause, actual = Cause.ACCEPTED, f"the mapping sees no rejection in HTTP {answer.status}"
        if error.rejection is not None:
            cause = Cause.OTHER_REJECTION
            other = error.rejection.reason.value
            actual = f"the mapping reads HTTP {answer.status} as {other}"
        elif answer.status >= 400:
            cause, actual = Cause.UNKNOWN_REJECTION, f"no rule knows HTTP {answer.status}"
        return self._at(cause, key, expected, actual, reason=reason, status=answer.status)

    def _diagnose_result(self, context: CheckContext, error: UnexpectedResult) -> Diagnosis:
        key = error.key
        if key.startswith("operations.") and key.count(".") == 1:
            key = self.locations.url_key(key)
        diagnosis = self._at(error.cause, key, error.expected, error.actual, **error.values)
        suggestion = suggest_value(self.exchange, context, error.key, "")
        return replace(diagnosis, advice=suggestion or diagnosis.advice)

    def _diagnose_violation(
        self, step: CheckStep, context: CheckContext, error: ProtocolViolation
    ) -> Diagnosis:
        line = _SOURCE.sub("", error.mapping_line) or f"operations.{step.operation}"
        key, _, given = line.partition(" = ")
        expected = error.finding.expected or "what the protocol allows"
        actual = error.finding.actual.splitlines()[0]
        answer = self.exchange.answer
        if words := _WORDS.search(expected):
            return self._at(Cause.UNKNOWN_WORD, words[1], expected, f"the answer has {actual}")
        if answer is not None and answer.status in (405, 501) and key.endswith(".expect"):
            method = f"{key.removesuffix('expect')}method"
            return self._at(Cause.WRONG_METHOD, method, expected, f"the answer is {actual}")
        if page := self._page_key(key):
            described = self.exchange.describe_answer()
            return self._at(Cause.PAGE_FOR_PEOPLE, page, expected, described)
        diagnosis = self._at(Cause.WRONG_ANSWER, key, expected, actual)
        location = f"{diagnosis.location} = {given}" if given else diagnosis.location
        advice = suggest_value(self.exchange, context, key, given)
        return replace(diagnosis, location=location, advice=advice)

    def _diagnose_driver_error(self, error: Exception) -> Diagnosis:
        """Return the diagnosis of an own driver that raised what the protocol does not know."""
        location = locate_driver_error(error) or f"the driver's {self.exchange.operation}"
        expected = "an answer, or one of the errors that cutover_gates.hospital.Driver names"
        actual = f"{type(error).__name__}: {error}"
        return Diagnosis(Cause.DRIVER_ERROR, location, expected, actual, advise(Cause.DRIVER_ERROR))

    def _page_key(self, key: str) -> str:
        """Return the key of the path that led to a page for people; empty where none did."""
        answer = self.exchange.answer
        reads_data = (
            key.startswith("answers.")
            or key.endswith(_READING_KEYS)
            or ".answer." in key
            or ".capture." in key
        )
        if not reads_data or answer is None or answer.json is not None or answer.status >= 400:
            return ""
        if "html" not in answer.media_type:
            return ""
        step = _STEP.match(key)
        return self.locations.url_key(step[0] if step else f"operations.{self.exchange.operation}")
