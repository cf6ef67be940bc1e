"""Rules for names and their addresses."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

NAMES_DECLARED = Rule(
    "DNS-001",
    "The names and the resolvers are declared",
    "What is not declared is not checked.",
    "Set the key in [targets.NAME.infrastructure.dns]. Where there is none, give the reason in"
    " [targets.NAME.not_applicable].",
)
SERVER_ANSWERS = Rule(
    "DNS-002",
    "Every name server answers for every name",
    "Machines that use a dead resolver wait, and then report the hospital as down.",
    "Start the name server, or remove it from dns.resolvers and dns.authorities.",
)
DECLARED_ADDRESSES = Rule(
    "DNS-003",
    "Every name has exactly the declared addresses at every resolver",
    "One resolver with an old address leads a ward to the old system.",
    "Correct the zone or the resolver. Where the declaration is wrong, correct dns.records.",
)
RESOLVERS_AGREE = Rule(
    "DNS-004",
    "All resolvers give the same answer",
    "Two answers mean that two systems are in use.",
    "Flush the cache of the resolver that differs, or correct its zone.",
)
SHORT_TTL = Rule(
    "DNS-005",
    "No answer may be kept longer than dns.ttl_seconds",
    "A kept answer leads to the old address after the cutover, or to the new after a rollback.",
    "Lower the TTL of the record, at least one old TTL before the cutover.",
)
TTL_FROM_ZONE = Rule(
    "DNS-006",
    "The time to live is read from a server of the zone itself",
    "A cache only reports what is left of a time to live.",
    "Name the zone's own servers in dns.authorities.",
)
