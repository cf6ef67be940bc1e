"""The judgement of a rule's expression: does every selector of it find series."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from cutover_gates.config.monitoring import Monitoring
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import Finding, Rule
from cutover_gates.probes.observability.alerts import rules
from cutover_gates.probes.observability.alerts.alert_rules import TriggerRule
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.probes.observability.promql import (
    PromqlSelector,
    UnsupportedExpression,
    normalize_selector,
    parse_selectors,
)
from cutover_gates.util.concurrency import run_concurrently


class SeriesJudge:
    """The expressions of rules are judged by what Prometheus finds for their selectors."""

    def __init__(self, settings: Monitoring, prometheus: PrometheusApi) -> None:
        self._prometheus = prometheus
        # In one spelling, so that spaces and quotes in the settings do not matter.
        self._absent = set(map(normalize_selector, settings.alerts.absent_when_healthy))

    def judge_rule(
        self, builder: AssessmentBuilder, each: TriggerRule, *, needs_series: bool
    ) -> None:
        """Add what is wrong with the expression, or count it as checked.

        `needs_series`: an expression without a selector is wrong.
        """
        name = each.rule.name
        try:
            selectors = parse_selectors(each.rule.query)
        except UnsupportedExpression as error:
            builder.add_gap(rules.EXPRESSION_PARSED, each.subject, str(error))
            return
        # All at the same time: a rule may have a dozen selectors.
        calls = [partial(self._find_problem, each.subject, selector) for selector in selectors]
        findings = [finding for finding in run_concurrently(calls) if finding]
        if not selectors and needs_series:
            findings.append(
                Finding(rules.EXPRESSION_READS_SERIES, each.subject, "a series", each.rule.query)
            )
        builder.findings += findings
        builder.figures[name] = _list_texts(selectors)
        if not findings:
            builder.checked.append(f"expression of {name}")

    def _find_problem(self, subject: str, selector: PromqlSelector) -> Finding | None:
        """Return what is wrong with a selector.

        Nothing is wrong where it finds series, or is declared as absent and its metric exists.
        """
        if self._has_series(selector.text):
            return None
        if selector.text not in self._absent:
            return self._missing_series(rules.SELECTOR_FINDS_SERIES, subject, selector.text)
        if self._has_series(selector.any_value):
            return None
        return self._missing_series(rules.ABSENT_METRIC_EXISTS, subject, selector.any_value)

    def _missing_series(self, rule: Rule, subject: str, selector: str) -> Finding:
        command = self._prometheus.format_command(selector)
        return Finding(rule, subject, f"series of {selector}", "no series", command)

    def _has_series(self, selector: str) -> bool:
        # count(): one small answer, however many series there are.
        return bool(self._prometheus.query(f"count({selector})"))


def _list_texts(selectors: Sequence[PromqlSelector]) -> list[str]:
    return [selector.text for selector in selectors]
