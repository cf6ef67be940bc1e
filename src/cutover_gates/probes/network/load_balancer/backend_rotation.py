"""Which backends answer through the load balancer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.network.load_balancer import rules
from cutover_gates.probes.network.load_balancer.probe_traffic import ProbeResult, send_probes
from cutover_gates.util.http import BoundedResponse

REQUESTS_PER_BACKEND, ROTATION_SECONDS = 20, 15.0
"""Requests for each backend, among which it must answer one, and seconds for all of them.

With equal shares, a backend in rotation of two is missed by chance in 1 of 10^12 runs.
"""


def judge_rotation(
    builder: AssessmentBuilder,
    address: str,
    header: str,
    ask_balancer: Callable[[], BoundedResponse],
    find_names: Callable[[], Mapping[str, set[str]]],
) -> None:
    """Send requests through the balancer and judge who answered them.

    `find_names` returns the names of each backend in the answers.
    """
    names = find_names()
    needed = REQUESTS_PER_BACKEND * len(names)
    results = send_probes(ask_balancer, header, needed, ROTATION_SECONDS)
    # Errors of the same kind are one finding, with their count.
    errors = Counter(result.error for result in results if result.error)
    answered = Counter(result.instance for result in results if not result.error)
    builder.figures |= {
        "requests": len(results),
        "met": {str(name): count for name, count in answered.items()},
        "wrong": dict(errors),
    }
    _add_gaps(builder, address, header, len(results), needed, answered[None])
    builder.checked.append(address)
    for error, count in errors.items():
        builder.add_finding(
            rules.REQUESTS_ANSWERED,
            address,
            expected=f"{len(results)} of {len(results)} requests answered with status 2xx",
            actual=f"{count} requests: {error}",
            reproduce=f"curl -i {address}",
        )
    _judge_backends(builder, address, results, answered, names)


def _add_gaps(
    builder: AssessmentBuilder, address: str, header: str, sent: int, needed: int, unnamed: int
) -> None:
    if sent < needed:
        builder.add_gap(
            rules.ENOUGH_REQUESTS,
            address,
            f"{sent} of {needed} requests answered in {ROTATION_SECONDS:g} s",
        )
    if unnamed:
        builder.add_gap(
            rules.ANSWERS_NAME_BACKEND, address, f"{unnamed} answers have no header {header}"
        )


def _judge_backends(
    builder: AssessmentBuilder,
    address: str,
    results: list[ProbeResult],
    answered: Mapping[str | None, int],
    names: Mapping[str, set[str]],
) -> None:
    # A name that no declared backend has belongs to one that nobody declared.
    declared = set().union(*names.values())
    for stranger in sorted({name for name in answered if name is not None} - declared):
        builder.add_finding(
            rules.NO_UNKNOWN_BACKEND,
            address,
            expected=f"answers of {', '.join(names)} only",
            actual=f"answers of {stranger}",
            reproduce=f"curl -i {address}",
        )
    for backend, own_names in names.items():
        builder.checked.append(backend)
        if not any(name in answered for name in own_names):
            builder.add_finding(
                rules.ALL_IN_ROTATION,
                backend,
                expected=f"some of {len(results)} requests through {address}",
                actual="0 requests",
                reproduce=f"curl -i {address}",
            )
