"""From pytest's reports to check results: every way in which a check may *not* have proven
something gets its name here.

Pure: it is given what was written (census), what was collected, what was deselected and what was
reported, and knows nothing of pytest's objects.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from cutover_gates.core.verdict import CheckResult, Outcome
from cutover_gates.plugin.check_inventory import CheckInventory


@dataclass
class CheckPhase:
    """One report of one check.

    `captured` is what `Witness` attached; empty where pytest or xdist made the report itself (a crash).
    """

    when: str
    outcome: str
    seconds: float
    text: str = ""
    xfail: bool = False
    captured: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class ResultCollector:
    """What is known of a run's checks.

    `collected` maps node ids to item ids, before anything was deselected.
    """

    collected: dict[str, frozenset[str]] = field(default_factory=dict)
    deselected: set[str] = field(default_factory=set)
    broken_files: dict[str, str] = field(default_factory=dict)
    phases: dict[str, list[CheckPhase]] = field(default_factory=dict)

    def add(self, check: str, phase: CheckPhase) -> None:
        self.phases.setdefault(check, []).append(phase)
        if items := phase.captured.get("items"):
            self.collected.setdefault(check, frozenset(items))

    def results(
        self,
        census: CheckInventory,
        narrowed_files: Iterable[str] = (),
        unsupported: Iterable[str] = (),
        said: Iterable[str] = (),
    ) -> list[CheckResult]:
        """One result for every check that was written or collected, and one for whatever the census
        could not read.

        `narrowed_files` are the files of which single checks were asked for, in any spelling.
        `unsupported`: the operations that the settings declare so. `said`: those of which only the
        target says so; they excuse single checks, and never all the checks of an item, or a release
        that has lost its visits would be none the worse for it.
        """
        narrowed, declared, said = (
            _match_inventory_files(narrowed_files, census),
            frozenset(unsupported),
            frozenset(said),
        )
        results = [
            self._build_result(check, items, declared | said)
            for check, items in sorted(self.collected.items())
        ]
        results = _reject_undeclared_exemptions(
            results,
            {
                check
                for check, phases in self.phases.items()
                if _unsupported_operations(phases) & (said - declared)
            },
        )
        present = {strip_parameters(check) for check in self.collected}
        for written in census.checks:
            file = written.check.partition("::")[0]
            if written.check not in present:
                results.append(self._missing_result(written.check, written.items))
            elif file in narrowed:
                results.append(
                    CheckResult(
                        written.check,
                        written.items,
                        Outcome.NOT_PROVEN,
                        f"the run was narrowed to single checks of {file}",
                    )
                )
        return results + [
            CheckResult(
                name,
                frozenset(),
                Outcome.NOT_PROVEN,
                f"{name} cannot be counted: {_absence_reason(name)}",
            )
            for name in census.unreadable
        ]

    def _missing_result(self, check: str, items: frozenset[str]) -> CheckResult:
        file = check.partition("::")[0]
        if file in self.broken_files:
            return CheckResult(
                check,
                items,
                Outcome.ERROR,
                f"{file} could not be collected: {self.broken_files[file]}",
            )
        return CheckResult(check, items, Outcome.NOT_PROVEN, f"{check} was not collected")

    def _build_result(
        self, check: str, items: frozenset[str], declared: frozenset[str]
    ) -> CheckResult:
        phases = self.phases.get(check, [])
        evidence = [entry for phase in phases for entry in phase.captured.get("evidence", [])]
        outcome, why = self._decide_outcome(check, phases, declared, bool(evidence))
        return CheckResult(
            check, items, outcome, why, round(sum(phase.seconds for phase in phases), 3), evidence
        )

    def _decide_outcome(
        self, check: str, phases: Sequence[CheckPhase], declared: frozenset[str], has_evidence: bool
    ) -> tuple[Outcome, str]:
        if not phases:
            how = "deselected" if check in self.deselected else "never started"
            return (
                Outcome.NOT_PROVEN,
                f"{check} was {how}" if how == "deselected" else f"{check} {how}",
            )
        return (
            _error_outcome(phases)
            or _not_proven_outcome(phases, declared, has_evidence)
            or (Outcome.PASSED, "")
        )


def _unsupported_operations(phases: Sequence[CheckPhase]) -> frozenset[str]:
    """The operations that a check was told are not offered."""
    return frozenset(
        phase.captured["not_offered"] for phase in phases if phase.captured.get("not_offered")
    )


def _reject_undeclared_exemptions(
    results: Sequence[CheckResult], by_its_word: Collection[str]
) -> list[CheckResult]:
    """Where every check of an item is not applicable, those that only the target's own word excuses
    are not proven.
    """
    asked = {
        item
        for result in results
        if result.outcome is not Outcome.NOT_APPLICABLE
        for item in result.items
    }
    return [
        (
            replace(
                result,
                outcome=Outcome.NOT_PROVEN,
                why=(
                    f"{result.why}; its own word excuses no whole item: if that is meant, "
                    "declare it in the settings (unsupported)"
                ),
            )
            if result.check in by_its_word
            and result.outcome is Outcome.NOT_APPLICABLE
            and not result.items <= asked
            else result
        )
        for result in results
    ]


def strip_parameters(check: str) -> str:
    """A node id without its parameters."""
    file, _, rest = check.partition("::")
    return f"{file}::{rest.partition('[')[0]}"


def _match_inventory_files(narrowed_files: Iterable[str], census: CheckInventory) -> frozenset[str]:
    """The census' files that are meant by names that pytest took: absolute, seen from another
    folder, or (--pyargs) with dots.
    """
    files = {written.check.partition("::")[0] for written in census.checks}
    found: set[str] = set()
    for given in narrowed_files:
        meant = {file for file in files if PurePath(file).name == PurePath(given).name}
        found |= meant or files  # a name that fits none may mean any
    return frozenset(found)


def _absence_reason(name: str) -> str:
    return (
        "it is not written out as a function in its file"
        if "::" in name
        else "the file is no Python"
    )


def _error_outcome(phases: Sequence[CheckPhase]) -> tuple[Outcome, str] | None:
    """A failure in any phase of any attempt."""
    for phase in phases:
        if phase.outcome == "failed":
            if phase.when == "call" and (
                phase.captured.get("finding") or not phase.captured.get("why")
            ):
                return (
                    Outcome.FAILED,
                    phase.captured.get("why") or phase.text,
                )  # without an exception: a strict xfail that passed
            place = {
                "setup": "its arrangement broke: ",
                "teardown": "its clean-up broke: ",
                "call": "the check itself broke: ",
            }.get(phase.when, "")
            return Outcome.ERROR, place + (phase.captured.get("why") or phase.text)
    return None


def _not_proven_outcome(
    phases: Sequence[CheckPhase], declared: frozenset[str], has_evidence: bool
) -> tuple[Outcome, str] | None:
    """Everything that pytest would call passed, or not a failure, and that proves nothing."""
    if any(phase.outcome == "rerun" for phase in phases) or any(
        phase.captured.get("attempt", 1) > 1 for phase in phases
    ):
        return Outcome.NOT_PROVEN, "it passed only on a retry"
    for phase in phases:
        operation = phase.captured.get("not_offered")
        if operation is not None:
            if operation in declared:
                return Outcome.NOT_APPLICABLE, phase.captured.get("why", "")
            return (
                Outcome.NOT_PROVEN,
                f"it called {operation} not offered, which no setting declares",
            )
        if phase.captured.get("unproven"):
            return Outcome.NOT_PROVEN, str(phase.captured.get("why", ""))
        if phase.xfail:
            return Outcome.NOT_PROVEN, "it is marked xfail" + (
                " and passed all the same" if phase.outcome == "passed" else ""
            )
        if phase.outcome == "skipped":
            return Outcome.NOT_PROVEN, f"it was skipped: {phase.text}"
        if phase.outcome != "passed":
            return Outcome.NOT_PROVEN, f"its {phase.when} ended as {phase.outcome!r}"
    if not {phase.when for phase in phases} >= {"setup", "call", "teardown"}:
        return Outcome.NOT_PROVEN, "it did not come to its end"
    if any(phase.captured.get("raised") for phase in phases):
        return Outcome.NOT_PROVEN, "it raised an exception, and something turned that into a pass"
    if not has_evidence:
        return Outcome.NOT_PROVEN, "it passed without any evidence: it asked the target nothing"
    return None
