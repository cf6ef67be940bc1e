"""The values of a fuzzing run: the plan, the result, the findings, and the summary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from cutover_gates.core.findings import Finding, Rule
from cutover_gates.hospital import RefusalRule
from cutover_gates.probes.api.document.openapi_document import ApiDocument
from cutover_gates.probes.api.fuzzing import rules
from cutover_gates.probes.api.fuzzing.fuzz_configuration import FuzzProfile

Note = Mapping[str, Any]
"""A line of the run's process, as `fuzz_observer` writes it."""


@dataclass(frozen=True)
class FuzzPlan:
    """A run to be made.

    `token` gives a valid token, in the form in which `header` shows it; it raises `Rejected` or
    `ProtocolViolation` where there is none. `accounts` are the names that may sign in.
    `example_ids` are ids of existing records, by the names of path parameters. `token_seconds` is
    for how long the latest token is good; None: for ever. `refusals` are the forms in which who is
    not signed in is refused, beside 401.
    """

    document: ApiDocument
    profile: FuzzProfile
    header: str
    token: Callable[[], str] = field(repr=False)
    accounts: tuple[str, ...] = ()
    example_ids: Mapping[str, str] = field(default_factory=dict)
    report_progress: Callable[[str], None] = field(default=lambda _line: None, repr=False)
    token_seconds: Callable[[], float | None] = field(default=lambda: None, repr=False)
    refusals: tuple[RefusalRule, ...] = ()


@dataclass(frozen=True)
class FuzzResult:
    """What came of a run.

    `notes` are the observer's. `report` is schemathesis' own, empty where it wrote none.
    `end_reason` says why the run was cut short. `token_requests` counts its sign-ins.
    """

    notes: tuple[Note, ...]
    report: Mapping[str, Any]
    seconds: float
    end_reason: str = ""
    token_requests: int = 0


@dataclass(frozen=True)
class FuzzFinding:
    """Failures of one cause, with the smallest request that shows it.

    `check` is the name of schemathesis' check, `also` those that the same request breaks. `shape`
    is what makes two failures one: `$.items[*].mrn breaks type`.
    """

    operation: str
    check: str
    status: int | None
    shape: str
    title: str
    message: str
    curl: str
    count: int = 0
    phases: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def rule(self) -> Rule:
        """Return the rule of the check."""
        return rules.CHECK_RULES.get(self.check, rules.OTHER_CHECK)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> FuzzFinding:
        """Return the finding that `dataclasses.asdict` made plain."""
        tuples = {name: tuple(plain[name]) for name in ("phases", "also")}
        return cls(**{**plain, **tuples})


@dataclass(frozen=True)
class FuzzedOperation:
    """What one operation was asked, and what it answered.

    `phases` counts requests by phase, `statuses` answers by status. `documented` are the documented
    statuses. `gave_up` counts errors of schemathesis. `gaps` are what is not known of the
    operation.
    """

    requests: int
    phases: Mapping[str, int]
    statuses: Mapping[str, int]
    documented: tuple[str, ...]
    parameters: tuple[str, ...]
    parameters_not_sent: tuple[str, ...]
    slowest: float
    gave_up: Mapping[str, int]
    gaps: tuple[Finding, ...]

    def to_facts(self) -> dict[str, Any]:
        """Return what the evidence keeps."""
        facts = asdict(self)
        del facts["gaps"]
        return {**facts, "unproven": [str(gap) for gap in self.gaps]}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> FuzzedOperation:
        """Return the operation that `dataclasses.asdict` made plain."""
        names = ("documented", "parameters", "parameters_not_sent")
        tuples = {name: tuple(plain[name]) for name in names}
        gaps = tuple(map(Finding.from_plain, plain["gaps"]))
        return cls(**{**plain, **tuples, "gaps": gaps})


@dataclass(frozen=True)
class FuzzSummary:
    """A fuzzing run that is over.

    `operations` are those that the mode requests, `left_out` those that it does not. `seconds` is
    how long it took, `limit` how long it might. `gaps` are why the run as a whole proves less than
    it was meant to.
    """

    mode: str
    seed: int | None
    seconds: float
    limit: int
    rate: int
    complete: bool
    stop_reason: str | None
    version: str | None
    gaps: tuple[Finding, ...]
    operations: Mapping[str, FuzzedOperation]
    left_out: tuple[str, ...]
    findings: tuple[FuzzFinding, ...]
    warnings: Mapping[str, list[str]]
    token_requests: int

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-able values; `from_plain` reads them."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> FuzzSummary:
        """Return the summary that `to_plain` wrote."""
        operations = plain["operations"].items()
        return cls(
            **{
                **plain,
                "gaps": tuple(map(Finding.from_plain, plain["gaps"])),
                "operations": {
                    name: FuzzedOperation.from_plain(operation) for name, operation in operations
                },
                "left_out": tuple(plain["left_out"]),
                "findings": tuple(map(FuzzFinding.from_plain, plain["findings"])),
            }
        )

    def to_facts(self) -> dict[str, Any]:
        """Return what the evidence keeps of the run as a whole."""
        return {
            "mode": self.mode,
            "seed": self.seed,
            "seconds": self.seconds,
            "limit": self.limit,
            "rate": self.rate,
            "stop_reason": self.stop_reason,
            "version": self.version,
            "left_out": list(self.left_out),
            "warnings": {name: list(where) for name, where in self.warnings.items()},
            "tokens": self.token_requests,
        }
