"""What the deployment assessments share: the target, undeclared keys, and a missing object."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from cutover_gates.config.base import SettingsTable
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import Finding, Rule, describe_finding
from cutover_gates.util.http import SourceUnavailable


class ObjectNotFound(SourceUnavailable):
    """The source answered, and the object does not exist or is another: a finding, not a gap."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(describe_finding(finding))
        self.finding = finding


@dataclass(frozen=True)
class DeploymentContext:
    """The target's name, and who takes the assessments."""

    target: str
    record: Callable[[Assessment], None] = field(default=lambda _assessment: None, repr=False)

    def add_undeclared(
        self,
        builder: AssessmentBuilder,
        rule: Rule,
        section: str,
        table: SettingsTable,
        keys: Iterable[str],
    ) -> bool:
        """Add a gap of `rule` for each key of the table that is not set; return whether one is.

        `section` is the table's name under `infrastructure`.
        """
        missing = [key for key in keys if getattr(table, key) is None]
        for key in missing:
            name = f"targets.{self.target}.infrastructure.{section}.{key}"
            builder.add_gap(rule, name, "not set")
        return bool(missing)

    def finish(self, builder: AssessmentBuilder, title: str) -> Assessment:
        """Return the assessment and leave it in the evidence."""
        assessment = builder.build(title)
        self.record(assessment)
        return assessment


def add_failure(
    builder: AssessmentBuilder, rule: Rule, error: SourceUnavailable, subject: str = ""
) -> None:
    """Add a missing object's own finding; for any other failure a gap of `rule`."""
    # The source answered: this is a fact about the release, and no gap.
    if isinstance(error, ObjectNotFound):
        builder.findings.append(error.finding)
    else:
        builder.add_gap(rule, error.url or subject, error.reason)
