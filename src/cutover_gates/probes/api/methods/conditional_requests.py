"""Requests with a condition (RFC 9110, 13), by a person who may not see the chart.

A server that looks at the condition before it asks who asks tells by 304 or 412 that a record is
there, and which version it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from cutover_gates.core.findings import Finding
from cutover_gates.hospital import Answer, Driver, Operation, Session, UndocumentedRequest
from cutover_gates.probes.api.methods import rules

Send = Callable[[Operation], Answer]
READING = ("GET", "HEAD")
NEVER = '"cutover-no-such-version"'
"""An entity tag that no record has."""


def list_readable(
    operations: Sequence[Operation], values: Callable[[Operation], Mapping[str, str]]
) -> list[Operation]:
    """Return the operations that read a record of the chart."""
    return [
        one
        for one in operations
        if one.method == "GET"
        and one.protected
        and _names(one)
        and _names(one) <= values(one).keys()
    ]


def read_validators(
    driver: Driver, session: Session, operation: Operation, values: Mapping[str, str]
) -> dict[str, str]:
    """Return what a person who may read the record is told of its version, by header."""
    answer = driver.attempt(operation, session, values)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return {name: headers[name] for name in ("etag", "last-modified") if headers.get(name)}


def list_conditions(validators: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield the conditions to send: those that hold for any record, and those of this version."""
    yield {"If-None-Match": "*"}
    yield {"If-Match": NEVER}
    yield {"If-Unmodified-Since": "Mon, 01 Jan 1990 00:00:00 GMT"}
    if tag := validators.get("etag"):
        yield {"If-None-Match": tag}
        yield {"If-Match": tag}
    if changed := validators.get("last-modified"):
        yield {"If-Modified-Since": changed}


def find_told_conditions(
    operation: Operation, asker: str, validators: Mapping[str, str], send: Send
) -> Iterator[Finding]:
    """Yield a finding for each condition that makes the answer another one."""
    for method in READING:
        plain = send(_request(method, operation, {}))
        for condition in list_conditions(validators):
            answer = send(_request(method, operation, condition))
            if answer.status != plain.status:
                name = next(iter(condition))
                yield Finding(
                    rules.CONDITION_REFUSED,
                    f"{method} {operation.path} with {name} {asker}",
                    f"HTTP {plain.status}, as without it",
                    f"HTTP {answer.status}",
                )


def _request(method: str, operation: Operation, headers: Mapping[str, str]) -> UndocumentedRequest:
    return UndocumentedRequest(method, operation.path, True, frozenset(), headers=headers)


def _names(operation: Operation) -> frozenset[str]:
    return frozenset(part.partition("}")[0] for part in operation.path.split("{")[1:])
