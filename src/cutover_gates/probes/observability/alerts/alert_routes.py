"""The judgement of Alertmanager's routes: do they lead an alert to the declared receiver."""

from __future__ import annotations

from collections.abc import Sequence

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.observability.alertmanager_routing import Labels
from cutover_gates.probes.observability.alerts import rules
from cutover_gates.probes.observability.alerts.alert_rules import TriggerRule
from cutover_gates.probes.observability.alerts.alertmanager import AlertmanagerConfig


def judge_receiver(builder: AssessmentBuilder, receiver: str, config: AlertmanagerConfig) -> None:
    """Add a finding where the receiver is unknown or has no way to send."""
    if config.count_integrations(receiver):
        return
    is_known = receiver in config.receivers
    builder.add_finding(
        rules.RECEIVER_NOTIFIES,
        receiver,
        expected="a receiver with an integration",
        actual="no integration" if is_known else "no such receiver",
        reproduce="amtool config routes show",
    )


def judge_route(
    builder: AssessmentBuilder,
    each: TriggerRule,
    candidates: Sequence[Labels],
    config: AlertmanagerConfig,
    receiver: str,
) -> None:
    """Add each set of receivers without the declared one, or count the route as checked.

    `candidates` are the label sets that the alert may carry: each may take another route.
    """
    destinations: set[tuple[str, ...]] = set()
    for labels in candidates:
        leaves = config.find_routes(labels)
        # An alert may go to several receivers; one of them must be the declared one.
        destinations.add(tuple(leaf.receiver for leaf in leaves))
    astray = sorted(receivers for receivers in destinations if receiver not in receivers)
    # The command shows the same route for the labels that the rule itself sets.
    named = {"alertname": each.rule.name, **each.rule.labels}
    shown = " ".join(f"{name}={value}" for name, value in named.items())
    for receivers in astray:
        builder.add_finding(
            rules.ROUTED_TO_RECEIVER,
            each.subject,
            expected=receiver,
            actual=", ".join(receivers),
            reproduce=f"amtool config routes test {shown}",
        )
    if not astray:
        builder.checked.append(f"route of {each.rule.name}")
