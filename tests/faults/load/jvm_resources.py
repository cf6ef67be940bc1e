"""Faults of a hospital on a JVM, whose page of metrics is Micrometer's: CPU in nanoseconds, no
resident memory, and a heap that rises until it is collected.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, ClassVar

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from cutover_gates.probes.load.resource_assessment import rules
from tests.faults.fault import Defect
from tests.faults.load.load_fault import LoadFault

MIB = 2**20
COLLECTED_EVERY, EDEN_EACH_SECOND = 2, 30
"""Seconds from one collection to the next, and MiB that are used in each."""
JVM_RESOURCES: Mapping[str, Any] = {
    "metrics_path": "{origin}/actuator/prometheus",
    "cpu": "process_cpu_time_ns_total",
    "cpu_unit": "nanoseconds",
    "memory": 'jvm_memory_used_bytes{area="heap"}',
    "garbage_collected": True,
    "memory_bytes": 320 * MIB,
    "growth_bytes_per_minute": 128 * MIB,
    "pool": {
        "in_use": "hikaricp_connections_active",
        "maximum": "hikaricp_connections_max",
        "waiting": "hikaricp_connections_pending",
        "timeouts": "hikaricp_connections_timeout_total",
    },
}
"""What a team writes into `performance.resources` for such a hospital."""
_PAGE = """\
# TYPE process_cpu_time_ns_total counter
process_cpu_time_ns_total {cpu}
# TYPE jvm_memory_used_bytes gauge
jvm_memory_used_bytes{{area="heap",id="G1 Eden Space",}} {eden}
jvm_memory_used_bytes{{area="heap",id="G1 Old Gen",}} {old}
jvm_memory_used_bytes{{area="nonheap",id="Metaspace",}} 9.0E7
# TYPE hikaricp_connections_active gauge
hikaricp_connections_active{{pool="main",}} 2.0
# TYPE hikaricp_connections_max gauge
hikaricp_connections_max{{pool="main",}} 10.0
# TYPE hikaricp_connections_pending gauge
hikaricp_connections_pending{{pool="main",}} 0.0
# TYPE hikaricp_connections_timeout_total counter
hikaricp_connections_timeout_total{{pool="main",}} 0.0
"""


class AJvmInOrder(Defect):
    """No fault: its heap rises by 60 MiB between two collections, and 200 MiB stay."""

    kept_each_second: ClassVar[float] = 0.0
    more_processors: ClassVar[float] = 0.0

    def around(self, app: ASGIApp) -> ASGIApp:
        assert isinstance(app, FastAPI)
        started = time.monotonic()

        async def around(scope: Scope, receive: Receive, send: Send) -> None:
            is_page = scope.get("path") == "/actuator/prometheus"
            page = self._page(time.monotonic() - started) if is_page else app
            await page(scope, receive, send)

        return around

    def _page(self, age: float) -> Response:
        text = _PAGE.format(
            cpu=time.process_time_ns() + self.more_processors * age * 1e9,
            eden=age % COLLECTED_EVERY * EDEN_EACH_SECOND * MIB,
            old=(200 + self.kept_each_second * age) * MIB,
        )
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


class _Jvm(AJvmInOrder, LoadFault):
    """CPU and memory, one item looks after them."""

    item = "resource-usage"
    asked: ClassVar[Mapping[str, Any]] = {"min_seconds": 30, "resources": JVM_RESOURCES}


class TheHeapKeepsSomethingOfEachRequest(_Jvm):
    """Some megabytes a second outlive their collection: soon the JVM does nothing but collect."""

    breaks, kept_each_second = (rules.MEMORY_GROWTH,), 6.0


class TheHeapIsFullAfterEachCollection(_Jvm):
    """What stays is more than it may have: each request waits for a collection."""

    breaks, shows = (rules.MEMORY_USAGE,), "320.0 MiB"
    kept_each_second = 10.0


class ThreadsOfTheJvmSpin(_Jvm):
    """Two processors turn in a circle, and are counted in nanoseconds."""

    breaks, more_processors = (rules.CPU_USAGE,), 2.0
