"""The golden files: all sentences of a verdict that no other test holds.

`python -m tests.unit.reporting.golden_files` writes them again; look at the difference before it is
committed. Each sentence stands in one file only: the sentences of a NO-GO in `reports/sample/`,
those of a GO in `go.txt`, those of the plan's gates in `gates.txt`.
"""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from cutover_gates.core.gates import GATES
from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.verdict import Outcome, Verdict
from cutover_gates.reporting.markdown import status_title, to_markdown
from cutover_gates.reporting.next_step import describe_next_step
from cutover_gates.reporting.terminal import print_verdict
from tests.unit.reporting.sample_verdicts import LOAD, PLAN, decision, sample_verdict

FOLDER = Path(__file__).parent / "golden"
TRIGGER = Item(
    "trigger-health",
    "Any heading of the plan",
    "The target is healthy",
    ("phase2",),
    "check",
    "performance",
    kind="trigger",
)
RESTING = Plan(
    (
        *PLAN.items,
        Item("health", "T-1", "It is healthy", ("t24",), "check", "smoke", ("missing",)),
        Item("missing", "Post", "It is there", ("post",), "check", "smoke", waivable=False),
    )
)


def render_go() -> str:
    """Return a GO with waivers on the terminal and as a status update."""
    verdict = sample_verdict(
        {"patients": Outcome.FAILED},
        evidence=[LOAD],
        waived=(decision("patients"), decision("all-of-it")),
        gate="phase3",
    )
    out = io.StringIO()
    print_verdict(verdict, Console(file=out, width=80), Path("reports/runs/x"), ["A note."])
    return f"{out.getvalue()}\n{'=' * 80}\n{to_markdown(verdict)}"


def render_gates() -> str:
    """Return title and next step of every gate, and of every kind of open item."""
    verdicts: dict[str, Verdict] = {}
    for gate in (gate for gate in GATES if gate != "phase3"):
        verdicts[f"{gate}, GO"] = sample_verdict(gate=gate)
        verdicts[f"{gate}, a check failed"] = sample_verdict({"doors": Outcome.FAILED}, gate=gate)
    verdicts |= {
        "a suite": sample_verdict(gate="smoke"),
        "an expression": sample_verdict({"doors": Outcome.FAILED}, gate="t1 and smoke"),
        "the demonstration": sample_verdict(kind="embedded", gate="nightly"),
        "not production": sample_verdict(production=False, gate="nightly"),
        "unsigned": sample_verdict(signed=False, gate="nightly"),
        "the run broke": sample_verdict(run_errors=("it was cut off",), gate="nightly"),
        "an item rests on another": sample_verdict(
            {"missing": Outcome.FAILED}, plan=RESTING, gate="t24"
        ),
        "a trigger fired": sample_verdict(
            {TRIGGER.id: Outcome.FAILED}, plan=Plan((TRIGGER,)), gate="phase2"
        ),
    }
    return "".join(
        f"[{name}]\n{status_title(verdict)}\n{describe_next_step(verdict)}\n\n"
        for name, verdict in verdicts.items()
    )


GOLDEN = {"go.txt": render_go, "gates.txt": render_gates}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, render in GOLDEN.items():
        (FOLDER / name).write_text(render(), encoding="utf-8")
