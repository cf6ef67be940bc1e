"""The rules that only a FHIR server can break."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

LISTED_INTERACTIONS_WORK = Rule(
    "FHIR-001",
    "Every interaction and search parameter that the capability statement lists works",
    "Clients build on what the statement promises, and fail where it is not true.",
    "Make the interaction work, or remove it from the server's capability statement.",
)
UNLISTED_INTERACTIONS_ARE_REFUSED = Rule(
    "FHIR-002",
    "The server refuses what its capability statement does not list",
    "An interaction that nobody declared is one that nobody guards.",
    "Switch the interaction off, or declare it in the server's capability statement.",
)
