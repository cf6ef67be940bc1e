"""Notes of a verdict about facts: those that are refuted, and those declared after a snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cutover_gates.config.capabilities import IMMEDIATE_LISTS, OPEN_AFTER_DISCHARGE
from cutover_gates.config.settings import Settings
from cutover_gates.config.target import Target
from cutover_gates.core.tried_capabilities import find_working
from cutover_gates.core.verdict import CheckResult
from cutover_gates.plugin.listed_operations import find_listed
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


WITH_VALUES = (IMMEDIATE_LISTS, OPEN_AFTER_DISCHARGE)
"""Capabilities whose declared value says how much is lacking. Of others it is a limit, and true."""
NOT_TOLD: Mapping[str, str] = {
    "describe": "where there is no document nobody says at which address one would be",
    "newest_audit": "no document says in which order a log is, or by whom it can be narrowed",
    "role-separation": "a table of roles that refuses something is a usage error beside it",
    "plain-http": "what listens there is judged all the same, so nothing is left unproven",
    "encounter-rules": "the driver sends no illegal move to a server that would store it",
    "connection-pool-metrics": "the figures of a pool have names that nobody can guess",
    "resource-metrics": "the figures of a process have names that nobody can guess",
}
"""Capabilities of which nothing shows that they are there all the same, and why not."""


def describe_refuted(
    settings: Settings,
    target: RunningTarget | None,
    status: TargetStatus | None,
    results: Sequence[CheckResult] = (),
    document: Mapping[str, Any] | None = None,
) -> list[str]:
    """Return a sentence for each capability that is declared absent and is there all the same.

    `results` are those of the run's checks, some of which tried it. `document` is the one that the
    target serves about itself.
    """
    chosen = settings.chosen_target
    found = _found_by_checks(results)
    shown = {
        **(find_listed(chosen, document) if document else {}),
        **found,
        **_given_by_settings(chosen),
        **(_given_by_target(target) if target else {}),
        **(_told_by_target(chosen, status) if status and status.answers else {}),
    }
    remove = f"Remove it from [targets.{settings.target}.capabilities], so that it gets proven."
    absent = [
        f"{name} is declared absent, and {shown[name]}. {remove}"
        for name in chosen.absent_capabilities
        if name in shown
    ]
    limited = [
        f"{name} is declared as {chosen.capabilities[name].value}, and {found[name]}. {remove}"
        for name in WITH_VALUES
        if name in found and name in chosen.capabilities and name not in chosen.absent_capabilities
    ]
    return [*absent, *limited]


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
        "release-before": chosen.previous.is_declared,
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


# The figure of an assessment that lists them (`probes.database.rows.later_declarations`).
FIGURE = "declared after the snapshot"


def describe_late_declarations(results: Sequence[CheckResult]) -> list[str]:
    """Return a sentence for each table that was declared otherwise after the snapshot."""
    found = [one for result in results for one in _find_entries(list(result.evidence))]
    return list(dict.fromkeys(map(_describe, found)))


def _find_entries(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the entries of each such figure, at any depth of the evidence."""
    if isinstance(value, Mapping):
        yield from value.get(FIGURE, ())
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _find_entries(inner)


def _describe(entry: Mapping[str, Any]) -> str:
    who = f"by {entry['by']}" if entry["by"] else "by nobody who is named"
    when = f" on {entry['at']}" if entry["at"] else ""
    reason = f" Reason: {entry['reason']}." if entry["reason"] else ""
    return (
        f"{', '.join(entry['keys'])} of {entry['table']} was declared after the snapshot, {who}"
        f"{when}; it is shown by {entry['shown_by']}.{reason}"
    )
