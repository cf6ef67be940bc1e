"""Faults of names and their addresses."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar

from cutover_gates.probes.network.dns import rules
from cutover_gates.probes.network.dns.assessments import DnsAssessments
from tests.faults.network.name_servers import NAME, NEW, OLD, NameServer, running_name_servers
from tests.faults.network.network_fault import NetworkFault


class _OfTheNames(NetworkFault):
    """Two resolvers: one is right, the other one has the fields of `other`."""

    item, checks, check = "dns-records", "test_dns", "test_names_lead_to_the_declared_addresses"
    other: ClassVar[dict[str, Any]]
    declared: ClassVar[dict[str, Any]] = {}

    def way(self, folder: Path) -> AbstractContextManager[DnsAssessments]:
        return running_name_servers(NameServer(), NameServer(**self.other), **self.declared)


class OneResolverLeadsToTheOldSystem(_OfTheNames):
    """The wards of one building write into a system that is switched off at noon."""

    breaks = (rules.DECLARED_ADDRESSES,)
    shows, other = f"| {NEW} | {OLD} |", {"zone": {NAME: (("A", OLD),)}}


class OneResolverSaysSomethingElse(_OfTheNames):
    """The same, found by comparing the resolvers."""

    breaks = (rules.RESOLVERS_AGREE,)
    check = "test_all_resolvers_say_the_same"
    shows, other = f"{OLD} at ", {"zone": {NAME: (("A", OLD),)}}


class TheOldAddressIsStillThere(_OfTheNames):
    """Every second request goes to the old system, and what it writes is lost."""

    breaks = (rules.DECLARED_ADDRESSES,)
    shows, other = (
        f"| {NEW} | {NEW}, {OLD} |",
        {"zone": {NAME: (("A", NEW), ("A", OLD))}},
    )


class TheOldAddressIsThereForIpv6(_OfTheNames):
    """The testers have IPv4. The tablets on the wards have IPv6, and reach the old system."""

    breaks = (rules.DECLARED_ADDRESSES,)
    shows, other = (
        f"| {NEW} | {NEW}, 2001:db8::9 |",
        {"zone": {NAME: (("A", NEW), ("AAAA", "2001:db8::9"))}},
    )


class TheNameLeadsBehindAnOldName(_OfTheNames):
    """The alias still leads to the old load balancer."""

    breaks = (rules.DECLARED_ADDRESSES,)
    shows, other = (
        f"| {NEW} | {OLD} |",
        {"zone": {NAME: (("CNAME", "old.example.org"),), "old.example.org": (("A", OLD),)}},
    )


class TheNameIsUnknown(_OfTheNames):
    """A typing error in the zone: the hospital cannot be found."""

    breaks = (rules.DECLARED_ADDRESSES,)
    shows, other = f"| {NEW} | NXDOMAIN |", {"zone": {}}


class TheResolverFails(_OfTheNames):
    """The zone's signatures have expired, and a resolver that validates them gives no answer."""

    breaks = (rules.DECLARED_ADDRESSES,)
    shows, other = f"| {NEW} | SERVFAIL |", {"refuses": {NAME: "SERVFAIL"}, "zone": {NAME: ()}}


class TheNameLeadsNowhere(_OfTheNames):
    """The old record was removed, and the new one was not made."""

    breaks = (rules.DECLARED_ADDRESSES,)
    shows, other = f"| {NEW} | no address |", {"zone": {NAME: ()}}


class OldAnswersAreKeptForADay(_OfTheNames):
    """Half of the hospital stays with the old system for a day."""

    breaks = (rules.SHORT_TTL,)
    check, shows, other = (
        "test_answers_are_not_kept_for_long",
        "| at most 300 s | 86400 s |",
        {"ttl": 86400},
    )


class TheAliasIsKeptForADay(_OfTheNames):
    """The address has a short TTL, the alias in front of it has a long one."""

    breaks = (rules.SHORT_TTL,)
    check, shows = "test_answers_are_not_kept_for_long", f"{NAME} CNAME at "
    other: ClassVar[dict[str, Any]] = {
        "zone": {NAME: (("CNAME", "front.example.org"),), "front.example.org": (("A", NEW),)},
        "ttl": 86400,
    }


class TheZoneItselfLetsAnswersBeKeptForADay(_OfTheNames):
    """The cache's copy is about to expire and looks short; the next answer is kept for a day."""

    breaks = (rules.SHORT_TTL,)
    check, shows, declared = (
        "test_answers_are_not_kept_for_long",
        "| at most 300 s | 86400 s |",
        {"authorities": 1},
    )
    other: ClassVar[dict[str, Any]] = {"ttl": 86400}


class OneResolverIsDead(_OfTheNames):
    """The machines that use it wait, and then report the hospital as down."""

    breaks = (rules.SERVER_ANSWERS,)
    outcome, shows, other = "not proven", "no answer within", {"silent": True}


class OnlyCachesAreAsked(_OfTheNames):
    """What is left in a cache does not say how long the next answer is kept."""

    breaks = (rules.TTL_FROM_ZONE,)
    check, outcome, shows = (
        "test_answers_are_not_kept_for_long",
        "not proven",
        NAME,
    )
    other: ClassVar[dict[str, Any]] = {"cache": True}

    def way(self, folder: Path) -> AbstractContextManager[DnsAssessments]:
        return running_name_servers(NameServer(cache=True), NameServer(cache=True))
