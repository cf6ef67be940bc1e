"""Where one name server leads a name to, asked over UDP, and over TCP where the answer is too long
for that.
"""

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
"""Packets get lost."""


@dataclass
class Resolution:
    """`addresses` of one kind.

    `status` is NOERROR, or how the server refuses. `ttls`: seconds, of each record on the way (`"name
    TYPE"`). Those of `authoritative` are as the zone has them, and not what is left of them in a
    cache.
    """

    status: str = "NOERROR"
    addresses: set[str] = field(default_factory=set)
    ttls: dict[str, int] = field(default_factory=dict)
    authoritative: set[str] = field(default_factory=set)


def resolve(server: str, name: str, kind: str, seconds: float) -> Resolution:
    """Follows the name to its addresses of this kind.

    Raises `TelemetrySilent` where no answer comes in time, or what is none.
    """
    led, ends = Resolution(), time.monotonic() + seconds
    asked, wanted = dns.name.from_text(name), dns.rdatatype.from_text(kind)
    for _ in range(MAX_HOPS):
        answer = _send_query(
            dns.message.make_query(asked, wanted), parse_name_server(server), ends, seconds
        )
        led.status = dns.rcode.to_text(answer.rcode())
        reached = _follow_names(answer, asked, wanted, led)
        if led.status != "NOERROR" or led.addresses or reached == asked:
            return led
        asked = reached
    raise SourceUnavailable(
        f"{name} leads from name to name, and after {MAX_HOPS} of them to no address"
    )


def _send_query(
    query: dns.message.Message, where: tuple[str, int], ends: float, seconds: float
) -> dns.message.Message:
    """Once more where nothing comes, for as long as there is time."""
    try:
        while (left := ends - time.monotonic()) > 0:
            try:
                return dns.query.udp_with_fallback(
                    query, where[0], timeout=min(left, seconds / MAX_TRIES), port=where[1]
                )[0]
            except dns.exception.Timeout:
                continue
    except (dns.exception.DNSException, OSError) as error:
        raise SourceUnavailable(str(error) or type(error).__name__) from None
    raise SourceUnavailable(f"no answer within {seconds:g} s")


def _follow_names(
    answer: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType, led: Resolution
) -> dns.name.Name:
    """Notes what the answer says of the name and of those behind it; the last of them."""
    for _ in range(MAX_HOPS):
        for found in answer.answer:
            if found.name == name and found.rdtype == kind:
                led.addresses |= {str(ip_address(record.to_text())) for record in found}
                _record_ttl(answer, found, led)
        behind = next(
            (
                found
                for found in answer.answer
                if found.name == name and found.rdtype == dns.rdatatype.CNAME
            ),
            None,
        )
        if behind is None or led.addresses:
            return name
        _record_ttl(answer, behind, led)
        name = behind[0].target
    return name


def _record_ttl(answer: dns.message.Message, found: dns.rrset.RRset, led: Resolution) -> None:
    record = f"{found.name.to_text(omit_final_dot=True)} {dns.rdatatype.to_text(found.rdtype)}"
    led.ttls[record] = found.ttl
    if answer.flags & dns.flags.AA:
        led.authoritative.add(record)
