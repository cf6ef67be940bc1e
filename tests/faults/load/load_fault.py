"""A fault under load: what one request does not show, and many do; and the one item of the plan
that must catch it.
"""

# Each manner is given the request and the time, whether it looks at them or not.

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.responses import JSONResponse
from starlette.types import ASGIApp

from cutover_gates.core.findings import Rule
from tests.faults.fault import Defect
from tests.faults.load.application_under_load import delay_responses, replace_under_load

if TYPE_CHECKING:  # whoever opens a hospital needs none of it
    from tests.faults.load.running_gate import RunningGate

CLERK: Mapping[str, Any] = {"clerk": {}}
"""Three operations only, so that all of them are certain within half a minute."""
EVERYBODY: Mapping[str, Any] = {"registrar": {}, "clinician": {}, "clerk": {}}


class LoadFault(Defect):
    """A subclass's name says the harm, its docstring who would suffer what.

    `item` must come to `outcome` at `gate`, with a finding (or a gap) of one of the rules `breaks`
    whose values, written as "subject | expected | actual", hold `shows`.

    `also` maps the items that cannot help failing, too, to the reason why, `perhaps` those that
    fail as chance has it; they are empty wherever they can be. `asked` are settings of
    `performance` over the usual ones (`trying.USUAL`). `before` names the hospital that the
    baseline is recorded of. The load has `stops_within` seconds to end, and the gate `seconds` to
    say NO-GO.
    """

    item: ClassVar[str]
    gate: ClassVar[str] = "phase3"
    outcome: ClassVar[str] = "failed"
    breaks: ClassVar[tuple[Rule, ...]]
    shows: ClassVar[str] = ""
    also: ClassVar[Mapping[str, str]] = {}
    perhaps: ClassVar[Mapping[str, str]] = {}
    asked: ClassVar[Mapping[str, Any]] = {}
    before: ClassVar[str | None] = None
    stops_within: ClassVar[float] = 200
    seconds: ClassVar[float] = 200

    def meanwhile(self, gate: RunningGate) -> None:
        """What is done to the machine, to the load or to the hospital while the gate is under way."""


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
