"""What a target may be declared not to do: the names of `[targets.NAME.capabilities]`.

To add a capability, add a line to `CAPABILITIES`, or to `FUNCTIONAL_CAPABILITIES` where a check
tries it all the same. What reads it asks `Target.absent_capabilities`
for its reason, or `Target.capabilities` for its value.
"""

from __future__ import annotations

from collections.abc import Mapping

from cutover_gates.config.capability import Capability
from cutover_gates.config.functional_capabilities import FUNCTIONAL_CAPABILITIES

IMMEDIATE_LISTS = "immediate-lists"
OPEN_AFTER_DISCHARGE = "charts-after-discharge"

CAPABILITIES: Mapping[str, Capability] = {
    capability.name: capability
    for capability in (
        Capability("sign_in", "signing in, and all that needs a session"),
        Capability("refresh", "renewing a session; a run signs in again instead"),
        Capability("sign_out", "signing out, and that a token is then refused"),
        Capability("register", "registering a patient"),
        Capability("patient", "reading a patient by id"),
        Capability("search", "finding patients"),
        Capability("update", "correcting a patient, and refusing a stale correction"),
        Capability("open_visit", "opening a visit"),
        Capability("visit", "reading a visit by id"),
        Capability("visits_of", "listing a patient's visits"),
        Capability("admit", "admitting a patient"),
        Capability("discharge", "discharging a patient"),
        Capability("cancel", "cancelling a visit"),
        Capability("upload", "filing a document"),
        Capability("document", "reading a document's description"),
        Capability("content", "reading a document's bytes"),
        Capability("documents_of", "listing a patient's documents"),
        Capability("live", "liveness"),
        Capability("ready", "readiness"),
        Capability("release", "asking the application for its release"),
        Capability("describe", "what the API's own document promises"),
        Capability("audit", "one entry in the audit log for each use of a patient's record"),
        Capability("audit-reads", "an entry in the audit log for what is only read"),
        Capability("audit-refusals", "an entry in the audit log for what is refused"),
        Capability("audit-once", "one entry for each use and no more; several are then accepted"),
        Capability("newest_audit", "reading the newest entries of the audit log"),
        Capability("audit-searches", "an entry in the audit log for each search for a patient"),
        Capability(
            "audit-sign-ins", "an entry in the audit log for each sign-in, and each refusal"
        ),
        Capability("document-version", "that the API's document names the release"),
        Capability("undocumented-requests", "(own driver) methods and headers of no document"),
        Capability("download-names", "the name of a file in the headers of its download"),
        Capability("download-types", "the media type of a file in the headers of its download"),
        Capability("retire_patient", "removing a patient that the run registered"),
        Capability("retire_visit", "removing a visit that the run opened"),
        Capability("retire_document", "removing a document that the run filed"),
        Capability("database", "rows of the database, compared with what the API says"),
        Capability("expired-token", "refusing a token that was valid once"),
        Capability("visit-reason", "keeping the reason of a visit"),
        *FUNCTIONAL_CAPABILITIES,
        Capability("account-registrar", "what a registrar may do"),
        Capability("account-clinician", "what a clinician may do"),
        Capability("account-auditor", "what an auditor may see"),
        Capability("account-administrator", "what an administrator may do"),
        Capability("account-outsider", "refusing a clinician of another facility"),
        Capability(
            "role-separation",
            "refusing one role what another may do",
            values=(str,),
            meaning='"changes": every role may look',
        ),
        Capability("balancer-failover", "dropping a backend that dies"),
        Capability("database-outage", "that readiness falls with the database, and comes back"),
        Capability("release-before", "that the release before works on the new schema"),
        Capability("client-address", "finding the client's address in the balancer's log"),
        Capability("plain-http", "redirecting plain HTTP; that nothing listens there is asked"),
        Capability("baseline", "comparing response times with recorded ones"),
        Capability("connection-pool-metrics", "the figures of the connection pool"),
        Capability("resource-metrics", "the figures of memory and CPU"),
        Capability("encounter-rules", "(FHIR) refusing an illegal move of a visit"),
        Capability("conditional-create", "(FHIR) creating a patient only once"),
        Capability("version-history", "(FHIR) keeping the versions of a patient"),
        Capability("transaction", "(FHIR) doing a transaction whole or not at all"),
        Capability("reported_release", "telling which release answers"),
        Capability(
            IMMEDIATE_LISTS,
            "showing a write in a list that was read before it",
            values=(int, float),
            meaning="the seconds after which the list shows it",
        ),
        Capability(
            OPEN_AFTER_DISCHARGE,
            "reading a chart after discharge with every account that may read it before",
            values=(str,),
            meaning="the account that still may, such as administrator",
        ),
    )
}
"""All capabilities by name, in the order in which they are shown."""


def suggest_declaration(target: str, name: str) -> str:
    """Return what to write where a target truly lacks a capability."""
    line = f'{name} = {{ value = false, reason = "…", by = "Ada Example", at = 2026-11-20 }}'
    return f"or say in [targets.{target}.capabilities] why there is none: {line}"
