"""The way to a target: its certificates (`Tls`), its names (`Dns`), what stands before its backends
(`Balancer`), and its Redis (`Redis`).

    tls = Tls(settings, "https://hospital.example.org", context)
    sound(tls.chains())

Each question is answered with an examination. All places are asked at the same time, each within
its own bound, so that ten dead ones cost no more than one. What nobody has declared is not proven.
"""

from cutover.telemetry.network.balancer import Balancer
from cutover.telemetry.network.dns import Dns
from cutover.telemetry.network.redis import Redis
from cutover.telemetry.network.seen import Context
from cutover.telemetry.network.tls import Tls

__all__ = ["Balancer", "Context", "Dns", "Redis", "Tls"]
