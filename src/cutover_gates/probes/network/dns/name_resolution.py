"""The answer of one name server, by UDP, and by TCP where it is too long for UDP."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from ipaddress import ip_address

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset

from cutover_gates.config.network import parse_name_server
from cutover_gates.util.http import SourceUnavailable

ADDRESS_TYPES = ("A", "AAAA")
MAX_HOPS = 8
"""Names behind a name (CNAME) that are followed."""
MAX_TRIES = 3
"""Attempts within the time bound: a UDP packet can get lost."""


@dataclass
class Resolution:
    """The addresses of one type that a name has at one server.

    `status` is NOERROR or the server's refusal. `ttls` are seconds, for each record on the way
    ("name TYPE"). The records in `authoritative` come from the zone itself: their TTL is the whole
    one, and not what is left of it in a cache.
    """

    status: str = "NOERROR"
    addresses: set[str] = field(default_factory=set)
    ttls: dict[str, int] = field(default_factory=dict)
    authoritative: set[str] = field(default_factory=set)


def resolve(server: str, name: str, kind: str, seconds: float) -> Resolution:
    """Follow the name to its addresses of this type ("A" or "AAAA").

    Raises `SourceUnavailable` where no valid answer comes in time.
    """
    resolution, ends = Resolution(), time.monotonic() + seconds
    current, wanted = dns.name.from_text(name), dns.rdatatype.from_text(kind)
    for _ in range(MAX_HOPS):
        query = dns.message.make_query(current, wanted)
        answer = _send_query(query, parse_name_server(server), ends, seconds)
        resolution.status = dns.rcode.to_text(answer.rcode())
        last = _follow_aliases(answer, current, wanted, resolution)
        if resolution.status != "NOERROR" or resolution.addresses or last == current:
            return resolution
        current = last
    raise SourceUnavailable(f"no address after {MAX_HOPS} aliases")


def _send_query(
    query: dns.message.Message, server: tuple[str, int], ends: float, seconds: float
) -> dns.message.Message:
    """Send the query until an answer comes, for as long as there is time."""
    try:
        while (left := ends - time.monotonic()) > 0:
            timeout = min(left, seconds / MAX_TRIES)
            try:
                # An answer that is truncated in UDP is requested again over TCP.
                return dns.query.udp_with_fallback(
                    query, server[0], timeout=timeout, port=server[1]
                )[0]
            # The packet may be lost: try again for as long as there is time.
            except dns.exception.Timeout:
                continue
    except (dns.exception.DNSException, OSError) as error:
        raise SourceUnavailable(str(error) or type(error).__name__) from None
    raise SourceUnavailable(f"no answer within {seconds:g} s")


def _follow_aliases(
    answer: dns.message.Message,
    name: dns.name.Name,
    kind: dns.rdatatype.RdataType,
    resolution: Resolution,
) -> dns.name.Name:
    """Record what the answer says of the name and its aliases; return the last alias."""
    for _ in range(MAX_HOPS):
        for records in _find_records(answer, name, kind):
            # In one form: an IPv6 address can be written in several.
            resolution.addresses |= {str(ip_address(record.to_text())) for record in records}
            _record_ttl(answer, records, resolution)
        aliases = _find_records(answer, name, dns.rdatatype.CNAME)
        # One answer may hold a whole chain of aliases.
        if not aliases or resolution.addresses:
            return name
        _record_ttl(answer, aliases[0], resolution)
        name = aliases[0][0].target
    return name


def _find_records(
    answer: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType
) -> list[dns.rrset.RRset]:
    return [each for each in answer.answer if each.name == name and each.rdtype == kind]


def _record_ttl(
    answer: dns.message.Message, records: dns.rrset.RRset, resolution: Resolution
) -> None:
    name = records.name.to_text(omit_final_dot=True)
    record = f"{name} {dns.rdatatype.to_text(records.rdtype)}"
    resolution.ttls[record] = records.ttl
    # AA: the server has the zone itself.
    if answer.flags & dns.flags.AA:
        resolution.authoritative.add(record)
