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

from cutover.settings.network import where_of
from cutover.telemetry.looks import TelemetrySilent

KINDS = ("A", "AAAA")
HOPS = 8
"""Names behind a name (CNAME) that are followed."""
TRIES = 3
"""Packets get lost."""


@dataclass
class Led:
    """`addresses` of one kind.

    `said` is NOERROR, or how the server refuses. `ttls`: seconds, of each record on the way (`"name
    TYPE"`). Those of `authoritative` are as the zone has them, and not what is left of them in a
    cache.
    """

    said: str = "NOERROR"
    addresses: set[str] = field(default_factory=set)
    ttls: dict[str, int] = field(default_factory=dict)
    authoritative: set[str] = field(default_factory=set)


def lead(server: str, name: str, kind: str, seconds: float) -> Led:
    """Follows the name to its addresses of this kind.

    Raises `TelemetrySilent` where no answer comes in time, or what is none.
    """
    led, ends = Led(), time.monotonic() + seconds
    asked, wanted = dns.name.from_text(name), dns.rdatatype.from_text(kind)
    for _ in range(HOPS):
        answer = _asked(dns.message.make_query(asked, wanted), where_of(server), ends, seconds)
        led.said = dns.rcode.to_text(answer.rcode())
        reached = _walk(answer, asked, wanted, led)
        if led.said != "NOERROR" or led.addresses or reached == asked:
            return led
        asked = reached
    raise TelemetrySilent(f"{name} leads from name to name, and after {HOPS} of them to no address")


def _asked(
    query: dns.message.Message, where: tuple[str, int], ends: float, seconds: float
) -> dns.message.Message:
    """Once more where nothing comes, for as long as there is time."""
    try:
        while (left := ends - time.monotonic()) > 0:
            try:
                return dns.query.udp_with_fallback(
                    query, where[0], timeout=min(left, seconds / TRIES), port=where[1]
                )[0]
            except dns.exception.Timeout:
                continue
    except (dns.exception.DNSException, OSError) as error:
        raise TelemetrySilent(str(error) or type(error).__name__) from None
    raise TelemetrySilent(f"no answer within {seconds:g} s")


def _walk(
    answer: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType, led: Led
) -> dns.name.Name:
    """Notes what the answer says of the name and of those behind it; the last of them."""
    for _ in range(HOPS):
        for found in answer.answer:
            if found.name == name and found.rdtype == kind:
                led.addresses |= {str(ip_address(record.to_text())) for record in found}
                _note(answer, found, led)
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
        _note(answer, behind, led)
        name = behind[0].target
    return name


def _note(answer: dns.message.Message, found: dns.rrset.RRset, led: Led) -> None:
    record = f"{found.name.to_text(omit_final_dot=True)} {dns.rdatatype.to_text(found.rdtype)}"
    led.ttls[record] = found.ttl
    if answer.flags & dns.flags.AA:
        led.authoritative.add(record)
