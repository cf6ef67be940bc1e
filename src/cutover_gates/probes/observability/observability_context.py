"""What the observability assessments share: target, undeclared keys, a service that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder, NotProven
from cutover_gates.core.findings import Rule
from cutover_gates.util.http import SourceUnavailable


@dataclass(frozen=True)
class ObservabilityContext:
    """The target's name, and who takes the assessments."""

    target: str
    record: Callable[[Assessment], None] = field(default=lambda _assessment: None, repr=False)

    def key(self, table: str, key: str) -> str:
        """Return the full name of a settings key."""
        return f"targets.{self.target}.{table}.{key}"

    def add_undeclared(
        self, builder: AssessmentBuilder, rule: Rule, table: str, keys: Iterable[str]
    ) -> None:
        """Add a gap of `rule` for each settings key that is not set."""
        for key in keys:
            builder.add_gap(rule, self.key(table, key), "not set")

    def assess(
        self, title: str, service_rule: Rule, check: Callable[[AssessmentBuilder], None]
    ) -> Assessment:
        """Run `check` and return the assessment that it fills; leave it in the evidence.

        A service that does not answer is a gap of `service_rule`. What was found before it failed
        stays in the assessment.
        """
        builder = AssessmentBuilder()
        try:
            check(builder)
        except SourceUnavailable as error:
            builder.add_gap(service_rule, error.url, error.reason)
        except NotProven as error:
            # The error names its own rules, which say more than `service_rule`.
            builder.not_proven += error.gaps
            if not error.gaps:
                builder.add_gap(service_rule, "", error.reason)
        assessment = builder.build(title)
        self.record(assessment)
        return assessment
