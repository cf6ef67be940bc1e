"""A fault under load: what one request does not show, and many do; and the one item of the plan
that must catch it.
"""

# Each manner is given the request and the time, whether it looks at them or not.

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.responses import JSONResponse
from starlette.types import ASGIApp

from tests.calibration import scale_seconds
from tests.faults.fault import Defect, Fault
from tests.faults.load.application_under_load import delay_responses, replace_under_load
from tests.faults.load.load_verdict import load_of
from tests.faults.results import Results

if TYPE_CHECKING:  # whoever opens a hospital needs none of it
    from tests.faults.load.running_gate import RunningGate

CLERK: Mapping[str, Any] = {"clerk": {}}
"""Three operations only, so that all of them are certain within half a minute."""
EVERYBODY: Mapping[str, Any] = {"registrar": {}, "clinician": {}, "clerk": {}}


class LoadFault(Defect, Fault):
    """A subclass's name says the harm, its docstring who would suffer what.

    `asked` are settings of `performance` over the usual ones (`gate_on_fault.USUAL`). `before`
    names the hospital that the baseline is recorded of. The load has `stops_within` seconds to end.
    """

    follows = frozenset({"performance-validation"})
    asked: ClassVar[Mapping[str, Any]] = {}
    before: ClassVar[str | None] = None
    stops_within: ClassVar[float] = 200
    seconds: ClassVar[float] = 200

    def meanwhile(self, gate: RunningGate) -> None:
        """Harm the machine, the load or the hospital while the gate is under way."""

    @classmethod
    def is_innocent(cls, results: Results, name: str) -> bool:
        """Tell whether the item passed, or is not proven where the run ended before it was."""
        if cls.outcome == "not proven" or load_of(results).ended_early:
            return results.outcome(name) in ("passed", "not proven")
        return results.outcome(name) == "passed"

    @classmethod
    def find_more_problems(cls, results: Results) -> list[str]:
        """Return whether the load went on too long, and whether its run became a baseline."""
        problems, verdict = [], load_of(results)
        allowed = scale_seconds(cls.stops_within)
        if verdict.load_seconds > allowed:
            problems.append(
                f"the load went on for {verdict.load_seconds:.0f} s, and may for {allowed:g}"
            )
        if cls.gate == "t1" and verdict.recorded:
            problems.append("a run that is no good one became the baseline")
        return problems


class RequestFault(LoadFault):
    """A fault that lies on the way to the hospital: requests wait, or are refused, once the load
    has begun.
    """

    def pause(self, line: str, since: float) -> float:
        """Seconds that a request waits.

        `line` is "METHOD path", `since` the seconds since the load began.
        """
        return 0.0

    def refuses(self, line: str, since: float) -> int | None:
        """The status with which a request is refused; None lets it through."""
        return None

    def around(self, app: ASGIApp) -> ASGIApp:
        def harmed(line: str, since: float) -> ASGIApp:
            status = self.refuses(line, since)
            answer: ASGIApp = (
                JSONResponse({"title": "refused on the way"}, status) if status else app
            )
            return delay_responses(answer, self.pause(line, since))

        return replace_under_load(app, harmed)
