"""The configuration of schemathesis in the two modes, safe and deep.

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
"""The phases that request every operation.

Examples exist only where the document has some, and stateful only follows links.
"""
STARTUP_SECONDS = 30
"""Seconds in which schemathesis must load, and end when its own time is over."""


@dataclass(frozen=True)
class FuzzProfile:
    """The mode and the limits of a run.

    A safe run that takes longer than `seconds` is stopped, and is not proven; a deep one takes as
    long. `answer_seconds` is what a single answer may take.
    """

    mode: Mode
    seconds: int
    rate: int
    seed: int
    answer_seconds: float

    @property
    def stop_seconds(self) -> float:
        """Return the seconds after which the run is told to end; a deep run ends by itself."""
        return self.seconds + (STARTUP_SECONDS if self.mode == "deep" else 0)

    @property
    def description(self) -> str:
        """Describe the run for a person who waits, or who wants to make the same run again."""
        how = f"random writes, seed {self.seed}"
        if self.mode == "safe":
            how = "reads only, not random"
        return (
            f"testing the API against its own document: {how}; at most {self.seconds} s,"
            f" {self.rate} requests/s"
        )


def choose_mode(contract: Contract, *, production: bool, embedded: bool, nightly: bool) -> Mode:
    """Return the mode of a run.

    Random records cannot be removed, so `deep` is only for targets that are thrown away, and never
    for production.
    """
    if production or not (embedded or contract.throwaway):
        return "safe"
    return contract.mode or ("deep" if nightly else "safe")


def build_profile(contract: Contract, mode: Mode, answer_seconds: float) -> FuzzProfile:
    """Return the profile of a mode, from the settings."""
    return FuzzProfile(
        mode,
        contract.deep_seconds if mode == "deep" else contract.seconds,
        contract.rate,
        contract.seed,
        answer_seconds,
    )


def render_configuration(plan: FuzzProfile) -> str:
    """Return the configuration file. It holds no secret."""
    return (
        _TIME_LIMIT[plan.mode].format(plan=plan)
        + _COMMON.format(plan=plan)
        + (_SAFE if plan.mode == "safe" else _DEEP)
    )


_TIME_LIMIT = {"safe": "", "deep": "max-time = {plan.seconds}"}
"""Random requests have no end. The other phases have one, and are never cut short."""

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
    """Create a patient, a visit and a document; return their ids by the names of path parameters.

    What cannot be created is left out.
    """
    ids: dict[str, str] = {}
    with suppress(Rejected, ProtocolViolation, Unsupported, MappingError):
        for kind, record_id in _create_records(hospital, sessions, tag, document_type):
            ids |= {f"{kind}_id": record_id, f"{kind}Id": record_id}
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
