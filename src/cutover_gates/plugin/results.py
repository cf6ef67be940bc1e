"""Turns pytest's reports into check results.

Pure: it is given what is written, collected, deselected and reported, and knows no object of
pytest. `result_rules` decides the outcome of one check.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cutover_gates.core.evidence.assessment import list_accepted
from cutover_gates.core.findings import Rule
from cutover_gates.core.verdict import CheckResult, Outcome
from cutover_gates.plugin.expected_checks import (
    ExpectedCheck,
    ExpectedChecks,
    match_written_files,
)
from cutover_gates.plugin.result_rules import (
    CheckPhase,
    decide_outcome,
    describe_other_function,
    list_findings,
    says_only_findings,
    unsupported_operations,
)

NOT_DECLARED = (
    "Only the target's own capability statement says this is unsupported. That can excuse single"
    " checks, not every check of an item. If it is intended, add it to [targets.NAME.capabilities]"
)


@dataclass
class ResultCollector:
    """Collects what is known of a run's checks.

    `collected` maps node ids to item ids, before anything was deselected. `left_out` maps checks of
    which something was lost after that to a sentence. `broken_files` maps files that could not be
    collected to the reason.
    """

    collected: dict[str, frozenset[str]] = field(default_factory=dict)
    deselected: set[str] = field(default_factory=set)
    left_out: dict[str, str] = field(default_factory=dict)
    broken_files: dict[str, str] = field(default_factory=dict)
    phases: dict[str, list[CheckPhase]] = field(default_factory=dict)

    def add(self, check: str, phase: CheckPhase) -> None:
        """Add one report of a check."""
        self.phases.setdefault(check, []).append(phase)
        # A worker may die before it tells what it collected: then its reports name the items.
        if phase.outcome.items:
            self.collected.setdefault(check, phase.outcome.items)

    @property
    def has_failures(self) -> bool:
        """True where a report of any check is a failure."""
        return any(phase.status == "failed" for phases in self.phases.values() for phase in phases)

    @property
    def target_is_gone(self) -> bool:
        """True where a check found that the target stopped answering."""
        return any(phase.outcome.target_gone for phases in self.phases.values() for phase in phases)

    def results(
        self,
        expected: ExpectedChecks,
        narrowed_files: Iterable[str] = (),
        unsupported: Iterable[str] = (),
        undeclared: Iterable[str] = (),
    ) -> list[CheckResult]:
        """Return a result for every check that is written or collected, and for what is unreadable.

        `narrowed_files` are the files of which single checks were asked for, in any spelling.
        `unsupported` are the operations that the settings declare so. `undeclared` are those of
        which only the target says so: they excuse single checks, and never all the checks of an
        item. A release that has lost its visits would be none the worse for it.
        """
        declared = frozenset(unsupported)
        excused = declared | frozenset(undeclared)
        rules = {check.check: check.rule for check in expected.checks}
        lines = {check.check: check.line for check in expected.checks}
        results = [
            self._reject_incomplete(self._build_result(check, items, excused, rules), lines)
            for check, items in sorted(self.collected.items())
        ]
        results = _reject_undeclared_exemptions(results, self._checks_needing(excused - declared))
        results += self._missing_results(expected, narrowed_files)
        results += [_unreadable_result(name) for name in expected.unreadable]
        return results + [
            CheckResult("checks in plan.toml", frozenset({item}), Outcome.NOT_PROVEN, why)
            for item, why in expected.missing_groups
        ]

    def _checks_needing(self, operations: Collection[str]) -> set[str]:
        return {
            check
            for check, phases in self.phases.items()
            if unsupported_operations(phases) & set(operations)
        }

    def _build_result(
        self,
        check: str,
        items: frozenset[str],
        excused: frozenset[str],
        rules: Mapping[str, Rule],
    ) -> CheckResult:
        phases = self.phases.get(check, [])
        # The written file may have changed since it was collected: then the check has no title.
        rule = rules.get(strip_parameters(check), Rule(strip_parameters(check), ""))
        evidence = [entry for phase in phases for entry in phase.outcome.evidence]
        if phases:
            outcome, why = decide_outcome(phases, excused, evidence)
        else:
            how = "was deselected" if check in self.deselected else "never started"
            outcome, why = Outcome.NOT_PROVEN, f"{check} {how}"
        return CheckResult(
            check,
            items,
            outcome,
            why,
            round(sum(phase.seconds for phase in phases), 3),
            evidence,
            title=rule.title,
            findings=list_findings(phases, rule),
            only_findings=all(map(says_only_findings, phases)),
            absent=min(unsupported_operations(phases), default=""),
            accepted=list_accepted(evidence),
            saw_failure=any(phase.outcome.is_finding for phase in phases),
            did_run=bool(phases),
        )

    def _reject_incomplete(self, result: CheckResult, lines: Mapping[str, int]) -> CheckResult:
        """Return the result, not proven where something of the check was lost on the way."""
        if result.outcome not in (Outcome.PASSED, Outcome.NOT_APPLICABLE, Outcome.NOT_PROVEN):
            return result
        check = strip_parameters(result.check)
        why = self.left_out.get(result.check) or self.left_out.get(check)
        if why is None and result.outcome is Outcome.PASSED:
            phases = self.phases.get(result.check, [])
            why = describe_other_function(phases, lines.get(check, 0))
        if not why:
            return result
        return replace(result, outcome=Outcome.NOT_PROVEN, why=why, did_run=False)

    def _missing_results(
        self, expected: ExpectedChecks, narrowed_files: Iterable[str]
    ) -> list[CheckResult]:
        """Return a result for each written check of which something did not run."""
        narrowed = match_written_files(narrowed_files, expected)
        collected = Counter(strip_parameters(check) for check in self.collected)
        results = []
        for written in expected.checks:
            file = written.check.partition("::")[0]
            if written.check not in collected:
                results.append(self._missing_result(written, file))
            elif collected[written.check] < written.parameters:
                why = (
                    f"{written.check} was collected with {collected[written.check]} of its"
                    f" {written.parameters} sets of parameters"
                )
                results.append(_not_proven(written, why))
            elif file in narrowed:
                why = f"the run was narrowed to single checks of {file}"
                results.append(_not_proven(written, why))
        return results

    def _missing_result(self, written: ExpectedCheck, file: str) -> CheckResult:
        if file in self.broken_files:
            why = f"{file} could not be collected: {self.broken_files[file]}"
            return replace(_not_proven(written, why), outcome=Outcome.ERROR)
        return _not_proven(written, f"{written.check} was not collected")


def strip_parameters(check: str) -> str:
    """Return a node id without its parameters."""
    file, _, rest = check.partition("::")
    return f"{file}::{rest.partition('[')[0]}"


def _not_proven(written: ExpectedCheck, why: str) -> CheckResult:
    return CheckResult(
        written.check, written.items, Outcome.NOT_PROVEN, why, title=written.title, did_run=False
    )


def _reject_undeclared_exemptions(
    results: Sequence[CheckResult], by_its_word: Collection[str]
) -> list[CheckResult]:
    """Return the results with checks not proven that only the target's own word excuses.

    That concerns items of which every check is not applicable.
    """
    asked = {
        item
        for result in results
        if result.outcome is not Outcome.NOT_APPLICABLE
        for item in result.items
    }

    def reject(result: CheckResult) -> CheckResult:
        is_excused = result.check in by_its_word and result.outcome is Outcome.NOT_APPLICABLE
        if not is_excused or result.items <= asked:
            return result
        why = f"{result.why}. {NOT_DECLARED}"
        return replace(result, outcome=Outcome.NOT_PROVEN, why=why)

    return [reject(result) for result in results]


def _unreadable_result(name: str) -> CheckResult:
    reason = "the file is no Python"
    if "::" in name:
        reason = "it is not written out as a function in its file"
    return CheckResult(name, frozenset(), Outcome.NOT_PROVEN, f"{name} cannot be counted: {reason}")
