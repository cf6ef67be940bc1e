"""The texts of each gate: the titles of its status update, and what the captain does next.

They use the words of `cutover-plan.md`. A gate that is no moment of the plan's timeline (a suite,
an expression over several gates) gets general texts.
"""

from __future__ import annotations

from dataclasses import dataclass

from cutover_gates.core.gates import SUITES

ROLLBACK_DEADLINE_NOTE = (
    "If the window closes first, start the rollback (the manual rollback steps of your plan)."
)


@dataclass(frozen=True)
class GateTexts:
    """The texts of one gate.

    `done_title` and `not_done_title` are titles of the status update. `closing_line` ends the next
    step after NO-GO.
    """

    done_title: str
    not_done_title: str
    after_go: str
    after_no_go: str
    closing_line: str = ""


# `{target}` in `after_go` is the name of the target.
TEXTS_BY_GATE = {
    "t24": GateTexts(
        "T-24 hours: Final preparations complete",
        "T-24 hours: Final preparations NOT complete",
        "Continue with T-12 hours: make the final backups, look at dashboards, alert rules and"
        " channels, then run `pytest -m t12 --target {target}`.",
        "Do not confirm the cutover yet.",
    ),
    "t12": GateTexts(
        "T-12 hours: Pre-cutover complete",
        "T-12 hours: Pre-cutover NOT complete",
        "Continue with T-1 hour: health checks, team on standby, rollback plan read together, then"
        " run `pytest -m t1 --target {target}`.",
        "Do not continue towards the cutover yet.",
        "If it is still open at T-1 hour, postpone the cutover and inform the stakeholders.",
    ),
    "t1": GateTexts(
        "T-1 hour: Pre-cutover status: ready",
        "T-1 hour: Pre-cutover status: NOT ready",
        "Start the cutover at T-0 and send 'T+0: Cutover started'. After phase 1 (backup,"
        " migration) run `pytest -m phase1 --target {target}`.",
        "Do not start the cutover.",
        "If it is still open at T-0, postpone the cutover and inform the stakeholders.",
    ),
    "phase1": GateTexts(
        "T+15 min: Database migration complete",
        "T+15 min: Database migration NOT complete",
        "Deploy: phase 2 begins with the canary (10 % of traffic); run `pytest -m phase2 --target"
        " {target}` while it takes traffic.",
        "Do not deploy the application.",
        ROLLBACK_DEADLINE_NOTE,
    ),
    "phase2-10": GateTexts(
        "Canary: 10 % of traffic is good",
        "Canary: 10 % of traffic is NOT proven",
        "GO for 50 %: give the new release half of the traffic, then run `pytest -m phase2-50"
        " --target {target}`.",
        "Stay at 10 %, or give all traffic back to the release before.",
        ROLLBACK_DEADLINE_NOTE,
    ),
    "phase2-50": GateTexts(
        "Half: 50 % of traffic is good",
        "Half: 50 % of traffic is NOT proven",
        "GO for 100 %: give the new release all of the traffic, then run `pytest -m phase2-100"
        " --target {target}`.",
        "Do not send more traffic to the new release.",
        ROLLBACK_DEADLINE_NOTE,
    ),
    "phase2-100": GateTexts(
        "T+30 min: Application deployment complete",
        "T+30 min: Application deployment NOT complete",
        "Validate: phase 3, run `pytest -m phase3 --target {target}`.",
        "Do not end the release before: it is the way back.",
        ROLLBACK_DEADLINE_NOTE,
    ),
    "phase2": GateTexts(
        "T+30 min: Application deployment complete",
        "T+30 min: Application deployment NOT complete",
        "Validate: phase 3, run `pytest -m phase3 --target {target}`.",
        "Do not send more traffic to the new release.",
        ROLLBACK_DEADLINE_NOTE,
    ),
    "phase3": GateTexts(
        "T+60 min: Validation complete",
        "T+60 min: Validation NOT complete",
        "The release stays. Send this status update, watch dashboards and logs for the first hour,"
        " then run `pytest -m post-hour --target {target}`.",
        "Do not proceed.",
        ROLLBACK_DEADLINE_NOTE,
    ),
    "rollback": GateTexts(
        "Rollback complete",
        "Rollback NOT complete",
        "The previous release serves again. Inform the stakeholders, keep this folder for the"
        " post-mortem.",
        "The rollback is not complete: keep users off the system and repeat the manual rollback"
        " steps of your plan.",
        "Call the database admin and the engineering manager (the emergency contacts of your"
        " plan).",
    ),
    "post-hour": GateTexts(
        "First hour after the cutover: complete",
        "First hour after the cutover: NOT complete",
        "The cutover succeeded: tell the team. After the first day run `pytest -m post-day"
        " --target {target}`.",
        "Do not tell the team that the cutover succeeded.",
        "If data are missing, decide on a rollback now: each hour adds what it would lose.",
    ),
    "post-day": GateTexts(
        "T+24 hours: Post-cutover summary: complete",
        "T+24 hours: Post-cutover summary: NOT complete",
        "Send the T+24 hours summary. After the first week run `pytest -m post-week --target"
        " {target}`.",
        "Do not send the T+24 hours summary as complete.",
    ),
    "post-week": GateTexts(
        "First week after the cutover: complete",
        "First week after the cutover: NOT complete",
        "Close the cutover.",
        "Do not close the cutover.",
    ),
    "post": GateTexts(
        "T+24 hours: Post-cutover summary: complete",
        "T+24 hours: Post-cutover summary: NOT complete",
        "Send the T+24 hours summary and close the cutover.",
        "Do not close the cutover.",
    ),
    "nightly": GateTexts(
        "Nightly regression: passed",
        "Nightly regression: NOT passed",
        "Nothing to do: the nightly regression passed.",
        "Do not release from this state.",
    ),
}


def texts_for_gate(gate: str) -> GateTexts:
    """Return the texts of a gate.

    An expression such as 'phase3 and contract' never gets the texts of one of its parts, since it
    asks for less.
    """
    if gate in TEXTS_BY_GATE:
        return TEXTS_BY_GATE[gate]
    name = f"Suite {gate}" if gate in SUITES else f"Gate '{gate}'"
    return GateTexts(
        f"{name}: passed",
        f"{name}: NOT passed",
        f"{name} passed. It is no moment of the plan's timeline: continue with the gate that is"
        " due now.",
        "Do not release from this state.",
    )
