"""Facts that are declared absent, and that the target or its settings show to be there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cutover_gates.config.settings import Settings
from cutover_gates.config.target import Target
from cutover_gates.core.tried_capabilities import find_working
from cutover_gates.core.verdict import CheckResult
from cutover_gates.plugin.verdict_subject import TargetStatus
from cutover_gates.targets.driver_factory import FHIR
from cutover_gates.targets.running_target import RunningTarget

STATED = frozenset(
    {
        *("register", "patient", "search", "update", "open_visit", "visit", "visits_of", "admit"),
        *("discharge", "cancel", "upload", "document", "content", "documents_of"),
        *("version-history", "conditional-create", "transaction", "audit"),
    }
)
"""What a capability statement says of a FHIR server. A test holds it equal to the driver's list."""


def describe_refuted(
    settings: Settings,
    target: RunningTarget | None,
    status: TargetStatus | None,
    results: Sequence[CheckResult] = (),
) -> list[str]:
    """Return a sentence for each capability that is declared absent and is there all the same.

    `results` are those of the run's checks, some of which tried it.
    """
    chosen = settings.chosen_target
    shown = {
        **_found_by_checks(results),
        **_given_by_settings(chosen),
        **(_given_by_target(target) if target else {}),
        **(_told_by_target(chosen, status) if status and status.answers else {}),
    }
    return [
        f"{name} is declared absent, and {shown[name]}. Remove it from"
        f" [targets.{settings.target}.capabilities], so that it gets proven."
        for name in chosen.absent_capabilities
        if name in shown
    ]


def _found_by_checks(results: Sequence[CheckResult]) -> dict[str, str]:
    found = find_working(results)
    return {name: f"{check} found it working" for name, check in found.items()}


def _given_by_settings(chosen: Target) -> dict[str, str]:
    balancer, outage = chosen.infrastructure.balancer, chosen.infrastructure.database_outage
    given = {
        "baseline": bool(chosen.performance.baseline.name),
        "balancer-failover": bool(balancer and balancer.kill),
        "database-outage": bool(outage.command),
        "client-address": bool(balancer and balancer.client_field),
    }
    return {name: "the settings give it" for name, is_given in given.items() if is_given}


def _given_by_target(target: RunningTarget) -> dict[str, str]:
    shown = {f"account-{role.value}": "there is an account for it" for role in target.users}
    if target.database is not None:
        shown["database"] = "the settings give a database"
    if target.expired_token:
        shown["expired-token"] = "the settings give an expired token"
    return shown


def _told_by_target(chosen: Target, status: TargetStatus) -> Mapping[str, str]:
    shown: dict[str, str] = {}
    if status.release is not None:
        told = f"the target reported release {status.release}"
        shown |= {"reported_release": told, "release": told}
    if chosen.driver == FHIR:
        listed = STATED - status.not_offered.keys()
        shown |= dict.fromkeys(listed, "the target's capability statement lists it")
    return shown
