"""What is said where the walk stops: the line to mend, what was expected there, and what to write
instead where that can be told.
"""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass, replace
from pathlib import Path

from cutover_gates.drivers.mapping_check.check_context import (
    CheckContext,
    CheckStep,
    NotRejected,
    UnexpectedResult,
)
from cutover_gates.drivers.mapping_check.last_exchange import (
    MOST_REQUESTS,
    WANTS_TLS,
    LastExchange,
    TooManyRequests,
    suggest_for_connection_error,
)
from cutover_gates.drivers.mapping_check.source_locations import SourceLocations
from cutover_gates.drivers.mapping_check.suggestions import (
    find_rejected_field,
    suggest_for_rejection,
    suggest_value,
)
from cutover_gates.drivers.rest.request_builder import same_origin
from cutover_gates.hospital import MappingError, ProtocolViolation, Reason, Rejected, Unreachable

_TOLD = re.compile(r"^  (expected|came|mapping): +(.*)$", re.MULTILINE)
_KEY = re.compile(
    r"""^[^:\n]+:\ (?P<key>[a-z_]+(?:\.[\w-]+|\[\d+\])*)
                      (?P<given>\ =\ (?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|.*?))?:\ (?P<teach>.*)$""",
    re.DOTALL | re.VERBOSE,
)
_WORDS = re.compile(r"\[(words\.\w+)\]")
_STEP = re.compile(r"operations\.\w+(?:\.steps\[\d+\])?|setup\[\d+\]")
_FHIR = (
    "look at what the server's capability statement promises, and at the keys of its table fhir"
    " (docs/settings.md)"
)


@dataclass(frozen=True)
class Diagnosis:
    """Where the walk stops: `line` is the place and the key to mend.

    `final`: nothing more can be asked of the target.
    """

    line: str
    expected: str
    came: str
    mend: str
    final: bool = False

    @property
    def sentence(self) -> str:
        """The one sentence."""
        return f"{self.line}: {'; '.join(filter(None, (self.came, self.mend)))}"


@dataclass(frozen=True)
class Diagnoser:
    """Tells what stopped a step. `base_url` is the target's."""

    places: SourceLocations
    seen: LastExchange
    base_url: str

    def diagnose(self, step: CheckStep, way: CheckContext, error: Exception) -> Diagnosis:
        """The stop that `error` is.

        Whatever a driver raises is told, so that nobody sees a traceback of ours.
        """
        stop = self._diagnose(step, way, error)
        if self.places.driver == "rest" or not stop.line.startswith(
            (self.places.locate("driver"), self.places.locate("fhir.auth"))
        ):
            return stop
        return replace(
            stop,
            mend=(
                _FHIR
                if self.places.driver == "fhir"
                else f"look at what the driver's {step.operation} gives back or raises here"
            ),
        )

    def _diagnose(self, step: CheckStep, way: CheckContext, error: Exception) -> Diagnosis:
        if (
            self.seen.answer
            and self.seen.answer.status == 400
            and WANTS_TLS.search(self.seen.answer.text)
        ):
            return Diagnosis(
                self._line("url"),
                "an answer over HTTP",
                "TLS is spoken at this port",
                "write https:// instead of http://",
                final=True,
            )
        if isinstance(error, Unreachable):
            return self._diagnose_unreachable(step, error)
        if isinstance(error, MappingError):
            return self.diagnose_mapping_error(error)
        if isinstance(error, TooManyRequests):
            came = f"{MOST_REQUESTS} requests were sent, and there was no end"
            return Diagnosis(
                self._line(f"operations.{step.operation}.query"),
                "one entry, on one page",
                came,
                "the target does not heed a filter, or its pages do not turn: mend their names",
            )
        if isinstance(error, NotRejected):
            return self._diagnose_accepted_request(error)
        if isinstance(error, Rejected):
            return self._diagnose_rejection(step, error)
        if isinstance(error, UnexpectedResult):
            came = f"expected {error.expected}, came {error.came}"
            key = (
                self.places.url_key(error.key)
                if error.key.count(".") == 1 and error.key.startswith("operations.")
                else error.key
            )
            return Diagnosis(
                self._line(key),
                error.expected,
                came,
                suggest_value(self.seen, way, error.key, "") or error.mend,
            )
        if isinstance(error, ProtocolViolation):
            return self._diagnose_violation(step, way, error)
        return self._diagnose_driver_error(error)

    def diagnose_mapping_error(self, error: MappingError) -> Diagnosis:
        """A mapping error says itself what is wrong; what it lacks is the line's number."""
        found = _KEY.match(str(error))
        if not found:
            return Diagnosis(str(error), "", "", "")
        key = (
            self.places.url_key(found["key"])
            if found["teach"].endswith("is the path right?")
            else found["key"]
        )
        line = f"{self.places.locate(key)}{found['given'] or ''}"
        return Diagnosis(
            line,
            "",
            found["teach"],
            "",
            final=found["key"].removeprefix(self.places.target) == "url",
        )

    def _diagnose_rejection(self, step: CheckStep, error: Rejected) -> Diagnosis:
        if error.answer.status < 300:
            came = f"this rule sees a refusal in HTTP {error.answer.status}: {error}"
            return Diagnosis(
                self._line(f"refusals.{error.reason.value}"),
                "no refusal",
                came,
                "mend it, so that it holds only for what says no",
            )
        key, mend = suggest_for_rejection(step, error.reason)
        key, complaint = (
            find_rejected_field(self.seen, self.places, key)
            if error.reason is Reason.INVALID
            else (key, "")
        )
        return Diagnosis(
            self._line(key), "no refusal", f"the target refused: {error}{complaint}", mend
        )

    def _diagnose_violation(
        self, step: CheckStep, way: CheckContext, error: ProtocolViolation
    ) -> Diagnosis:
        told = dict(_TOLD.findall(str(error)))
        line = re.sub(r" \([^()]*\)$", "", told.get("mapping", f"operations.{step.operation}"))
        key, _, given = line.partition(" = ")
        expected, came = (
            told.get("expected", "what the protocol allows"),
            told.get("came", str(error).splitlines()[0]),
        )
        if words := _WORDS.search(expected):
            return Diagnosis(
                self._line(words[1]),
                expected,
                f"came {came}",
                "write it beside the word of ours that it means",
            )
        if self.seen.answer and self.seen.answer.status in (405, 501) and key.endswith(".expect"):
            return Diagnosis(
                self._line(key.removesuffix("expect") + "method"),
                expected,
                f"came {came}",
                "mend the method, or the path",
            )
        if page := self._page(key):
            return Diagnosis(
                self._line(page),
                expected,
                self.seen.describe_answer(),
                "a page for people came where data was expected: mend this way, base_path, or the"
                " target's url; a page to log in at means that the token is not shown as it"
                " must be",
            )
        return Diagnosis(
            self._line(key, given),
            expected,
            f"expected {expected}, came {came}",
            suggest_value(self.seen, way, key, given),
        )

    def _diagnose_accepted_request(self, error: NotRejected) -> Diagnosis:
        wanted, answer = error.reasons[0].value, self.seen.answer
        key, expected = (
            f"refusals.{wanted}",
            (
                "a refusal that the mapping reads as"
                f" {' or '.join(reason.value for reason in error.reasons)}"
            ),
        )
        status = answer.status if answer else 0
        if answer is None:
            return Diagnosis(
                self._line(key),
                expected,
                "the target was asked nothing, so nothing was refused",
                "let the driver ask it",
            )
        if error.told is not None:
            return Diagnosis(
                self._line(key),
                expected,
                f"the target refused, and the mapping reads its HTTP {status} as"
                f" {error.told.reason.value}",
                f"say by what a reader tells them apart: {wanted} = {{ status = [{status}], where ="
                ' "…" }',
            )
        if status >= 400:
            came = f"the target answered HTTP {status}, which no rule knows"
            return Diagnosis(
                self._line(key), expected, came, f"write {wanted} = {{ status = [{status}] }}"
            )
        return Diagnosis(
            self._line(key),
            expected,
            f"the target answered HTTP {status} and the mapping sees no refusal in it",
            f'where the answer does say no, write by what: {wanted} = {{ where = "…" }}; where it'
            " does not, the gate will tell",
        )

    def _diagnose_unreachable(self, step: CheckStep, error: Unreachable) -> Diagnosis:
        came = dict(_TOLD.findall(str(error))).get("came", str(error).splitlines()[0])
        elsewhere = self.seen.request is not None and not same_origin(
            str(self.seen.request.url), self.base_url
        )
        key = f"{self._step_key(str(error), step)}.url" if elsewhere else "url"
        mend = suggest_for_connection_error(came)
        return Diagnosis(
            self._line(key),
            "an answer",
            came,
            mend,
            final=not elsewhere and (error.final or not self.seen.heard),
        )

    def _diagnose_driver_error(self, error: Exception) -> Diagnosis:
        """A class of the user's own raised what `Hospital` does not know: the line is one of its
        source.
        """
        ours = Path(__file__).parents[2]
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if ours not in Path(frame.filename).parents and "site-packages" not in frame.filename
        ]
        where = (
            f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}, {frames[-1].name}"
            if frames
            else f"the driver's {self.seen.operation}"
        )
        return Diagnosis(
            where,
            "an answer, or one of the errors that cutover_gates.hospital.Hospital names",
            f"{type(error).__name__}: {error}",
            "a driver tells what went wrong by Refused, Misbehaved, NotOffered or MappingError",
        )

    def _page(self, key: str) -> str:
        """The way that led to a page for people instead of data; empty where it did not."""
        answer, step = self.seen.answer, _STEP.match(key)
        data = (
            key.endswith(".expect")
            or key.startswith("answers.")
            or ".answer." in key
            or ".capture." in key
            or key.endswith((".items", ".total"))
        )
        if (
            answer is None
            or answer.json is not None
            or "html" not in answer.media_type
            or answer.status >= 400
            or not data
        ):
            return ""
        return self.places.url_key(step[0] if step else f"operations.{self.seen.operation}")

    def _step_key(self, text: str, step: CheckStep) -> str:
        found = _STEP.search(dict(_TOLD.findall(text)).get("mapping", ""))
        return found[0] if found else f"operations.{step.operation}"

    def _line(self, key: str, given: str = "") -> str:
        return f"{self.places.locate(key)}{f' = {given}' if given else ''}"
