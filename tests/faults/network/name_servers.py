"""Name servers on the loopback interface, over UDP and TCP, each with a zone of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from dnslib import AAAA, CNAME, QTYPE, RCODE, RR, A, DNSRecord  # type: ignore[import-untyped]  # it has no types
from dnslib.server import DNSLogger, DNSServer  # type: ignore[import-untyped]  # it has no types

from cutover_gates.config.network import DnsSettings as Declared
from cutover_gates.probes.network.dns.assessments import DnsAssessments
from tests.faults.network.network_fault import CONTEXT

NAME, NEW, OLD = "hospital.example.org", "10.0.0.1", "192.0.2.9"
SILENCE = 0.6
"""Seconds that are waited where somebody is silent."""
_KINDS = {"A": A, "AAAA": AAAA, "CNAME": CNAME}


@dataclass
class NameServer:
    """A name server with a `zone`: type and value of each name's records.

    `cache`: it answers without authority. `refuses` maps names to the status of the refusal.
    `silent`: it answers nothing. `long`: its answers are too long for UDP.
    """

    zone: Mapping[str, tuple[tuple[str, str], ...]] = field(
        default_factory=lambda: {NAME: (("A", NEW),)}
    )
    ttl: int = 60
    cache: bool = False
    refuses: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False
    long: bool = False

    def resolve(self, request: DNSRecord, handler: Any) -> DNSRecord:
        reply, name = request.reply(), str(request.q.qname).rstrip(".")
        reply.header.aa = 0 if self.cache else 1
        if self.long and handler.protocol == "udp":
            reply.header.tc = 1
            return reply
        while True:
            if name in self.refuses or name not in self.zone:
                reply.header.rcode = getattr(RCODE, self.refuses.get(name, "NXDOMAIN"))
            for kind, value in self.zone.get(name, ()):
                if kind in (QTYPE[request.q.qtype], "CNAME"):
                    reply.add_answer(
                        RR(name, getattr(QTYPE, kind), rdata=_KINDS[kind](value), ttl=self.ttl)
                    )
            behind = [value for kind, value in self.zone.get(name, ()) if kind == "CNAME"]
            if not behind:
                return reply
            name = behind[0]


@contextmanager
def running_name_servers(
    *servers: NameServer, records: Mapping[str, tuple[str, ...]] | None = None, **declared: Any
) -> Iterator[DnsAssessments]:
    """Yield the questions about these servers.

    `authorities` counts how many of them, from the end, are declared as the zone's own.
    """
    own = declared.pop("authorities", 0)
    with ExitStack() as stack:
        places = [stack.enter_context(_serving(server)) for server in servers]
        settings = {
            "records": records or {NAME: (NEW,)},
            "resolvers": places[: len(places) - own],
            "authorities": places[len(places) - own :],
            "seconds": SILENCE if any(server.silent for server in servers) else 5,
            **declared,
        }
        yield DnsAssessments(Declared.model_validate(settings), CONTEXT)


def _free_port() -> int:
    """Return a port that is free for UDP and for TCP."""
    while True:
        with (
            socket.socket(type=socket.SOCK_DGRAM) as one,
            socket.socket() as other,
            suppress(OSError),
        ):
            one.bind(("127.0.0.1", 0))
            other.bind(one.getsockname())
            return int(one.getsockname()[1])


@contextmanager
def _serving(server: NameServer) -> Iterator[str]:
    if server.silent:
        with socket.socket(type=socket.SOCK_DGRAM) as bound:
            bound.bind(("127.0.0.1", 0))
            yield f"127.0.0.1:{bound.getsockname()[1]}"
            return
    port, quiet = _free_port(), DNSLogger("-request,-reply,-truncated,-error")
    ways = [
        DNSServer(server, address="127.0.0.1", port=port, tcp=tcp, logger=quiet).server
        for tcp in (False, True)
    ]
    threads = [
        threading.Thread(target=way.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        for way in ways
    ]
    for thread in threads:
        thread.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        for way, thread in zip(ways, threads, strict=True):
            way.shutdown()
            thread.join()
            way.server_close()
