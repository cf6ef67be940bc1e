"""What schemathesis is configured to do, in the two modes.

Each line that differs from its defaults has its reason in decision 0012.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from cutover_gates.config.contract import Contract, Mode
from cutover_gates.hospital import (
    Driver,
    MappingError,
    ProtocolViolation,
    Rejected,
    Role,
    Session,
    Unsupported,
)
from cutover_gates.hospital.synthetic import FileFactory, PatientFactory

PHASES = {"safe": ("examples", "coverage"), "deep": ("examples", "coverage", "fuzzing", "stateful")}
FULL_PHASES = {"safe": ("coverage",), "deep": ("coverage", "fuzzing")}
"""The phases that ask every operation.

Examples are only where the document has some, and stateful only follows links.
"""
STARTUP_SECONDS = 30
"""That schemathesis may take to load, and to end when its own time is over."""


@dataclass(frozen=True)
class FuzzProfile:
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
    def stop_seconds(self) -> float:
        """Seconds after which it is told to end. A deep run ends by itself, once it has come up."""
        return self.seconds + (STARTUP_SECONDS if self.mode == "deep" else 0)

    @property
    def description(self) -> str:
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


def choose_mode(contract: Contract, *, production: bool, embedded: bool, nightly: bool) -> Mode:
    """The mode of a run.

    What is made at random cannot be removed, so `deep` is only for what may be spoilt, and never
    for production.
    """
    if production or not (embedded or contract.throwaway):
        return "safe"
    return contract.mode or ("deep" if nightly else "safe")


def build_profile(contract: Contract, mode: Mode, answer_seconds: float) -> FuzzProfile:
    return FuzzProfile(
        mode,
        contract.deep_seconds if mode == "deep" else contract.seconds,
        contract.rate,
        contract.seed,
        answer_seconds,
    )


def render_configuration(plan: FuzzProfile) -> str:
    """The configuration file. No secret is in it."""
    return (
        _TIME_LIMIT[plan.mode].format(plan=plan)
        + _COMMON.format(plan=plan)
        + (_SAFE if plan.mode == "safe" else _DEEP)
    )


_TIME_LIMIT = {"safe": "", "deep": "max-time = {plan.seconds}"}
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


def create_example_ids(
    hospital: Driver, sessions: Callable[[Role], Session], tag: str, document_type: str
) -> dict[str, str]:
    """A patient, a visit and a document, made for the run: their ids by the names that path
    parameters give them. Fewer where one cannot be made.
    """
    ids: dict[str, str] = {}
    with suppress(Rejected, ProtocolViolation, Unsupported, MappingError):
        for kind, made in _create_records(hospital, sessions, tag, document_type):
            ids |= {f"{kind}_id": made, f"{kind}Id": made}
    return ids


def _create_records(
    hospital: Driver, sessions: Callable[[Role], Session], tag: str, document_type: str
) -> Iterator[tuple[str, str]]:
    patient = hospital.register(sessions(Role.REGISTRAR), PatientFactory(tag).draft())
    yield "patient", patient.id
    clinician = sessions(Role.CLINICIAN)
    yield "visit", hospital.open_visit(clinician, patient.id, f"contract {tag}").id
    yield (
        "document",
        hospital.upload(clinician, patient.id, FileFactory(tag).of_type(document_type)).id,
    )
