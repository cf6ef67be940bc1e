"""What schemathesis is configured to do, in the two modes.

Each line that differs from its defaults has its reason in decision 0012.
"""

from __future__ import annotations

from dataclasses import dataclass

from cutover.settings import Contract, Mode

PHASES = {"safe": ("examples", "coverage"), "deep": ("examples", "coverage", "fuzzing", "stateful")}
WHOLE = {"safe": ("coverage",), "deep": ("coverage", "fuzzing")}
"""The phases that ask every operation.

Examples are only where the document has some, and stateful only follows links.
"""
START_SECONDS = 30
"""That schemathesis may take to load, and to end when its own time is over."""


@dataclass(frozen=True)
class Plan:
    """How a run is made.

    `seconds`: a safe run that takes longer is stopped, and not proven; a deep one takes as long.
    `answer_seconds`: what a single answer may take.
    """

    mode: Mode
    seconds: int
    rate: int
    seed: int
    answer_seconds: float

    @property
    def stopped_after(self) -> float:
        """Seconds after which it is told to end. A deep run ends by itself, once it has come up."""
        return self.seconds + (START_SECONDS if self.mode == "deep" else 0)

    @property
    def words(self) -> str:
        """For whoever waits, and for whoever wants to make the same run again."""
        how = (
            "reading only, without chance"
            if self.mode == "safe"
            else f"writing at random, seed {self.seed}"
        )
        return (
            f"trying the API against its own document: {how}; at most {self.seconds} s, {self.rate}"
            " requests/s"
        )


def mode_of(contract: Contract, *, production: bool, embedded: bool, nightly: bool) -> Mode:
    """The mode of a run.

    What is made at random cannot be removed, so `deep` is only for what may be spoilt, and never
    for production.
    """
    if production or not (embedded or contract.throwaway):
        return "safe"
    return contract.mode or ("deep" if nightly else "safe")


def plan_of(contract: Contract, mode: Mode, answer_seconds: float) -> Plan:
    return Plan(
        mode,
        contract.deep_seconds if mode == "deep" else contract.seconds,
        contract.rate,
        contract.seed,
        answer_seconds,
    )


def configuration(plan: Plan) -> str:
    """The configuration file. No secret is in it."""
    return (
        _OWN_END[plan.mode].format(plan=plan)
        + _COMMON.format(plan=plan)
        + (_SAFE if plan.mode == "safe" else _DEEP)
    )


_OWN_END = {"safe": "", "deep": "max-time = {plan.seconds}"}
"""What is asked at random has no end; the other phases have, and are never cut short by a share of
the time (`process`).
"""

_COMMON = """
seed = {plan.seed}
rate-limit = "{plan.rate}/s"
workers = 1
request-timeout = {plan.answer_seconds}
continue-on-failure = true

[cache]
enabled = false

[output.sanitization]
sensitive-markers = ["token", "secret", "password", "auth", "session", "passwd", "credential"]

[warnings]
fail-on = ["missing_auth"]

[checks]
max_response_time = {plan.answer_seconds}

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "412", "413", "429", "5xx"]

[checks.missing_required_header]
expected-statuses = ["400", "401", "403", "406", "415", "422", "428"]
"""

_SAFE = """
[generation]
deterministic = true
database = "none"

[phases.examples]
extra-data-sources = { responses = false }

[phases.coverage]
unexpected-methods = []
extra-data-sources = { responses = false }

[phases.fuzzing]
enabled = false

[phases.stateful]
enabled = false

[[operations]]
exclude-method = ["GET", "HEAD"]
enabled = false
"""

_DEEP = """
[generation]
database = "none"

[phases.stateful.checks.positive_data_acceptance]
enabled = false
"""
