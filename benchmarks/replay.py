"""Send recorded requests again with bare httpx, to another hospital of the same seed.

The second hospital creates its own ids, tokens and versions. So each answer is compared with the
recorded one, and where they differ, later requests use the values of the second hospital.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks.traffic_recorder import RecordedExchange

OWN_HEADERS = frozenset({"host", "content-length", "connection", "transfer-encoding"})
SHORTEST = 6
"""Characters of a text that may be replaced: a shorter one could stand anywhere by chance."""


@dataclass(frozen=True)
class ReplayResult:
    """Wall seconds of the requests alone, and the number answered with the recorded status."""

    seconds: float
    alike: int
    sent: int


def replay(tape: Sequence[RecordedExchange], url: str, known: Mapping[str, str]) -> ReplayResult:
    """Send the recorded requests to the hospital at `url`.

    `known` maps texts of the first hospital (its address, its passwords) to those of the second.
    """
    texts = dict(known)
    total, alike = 0.0, 0
    with httpx.Client(base_url=url, timeout=30) as client, ThreadPoolExecutor(32) as threads:
        for group in group_concurrent(tape):
            requests = [_request(client, exchange, texts) for exchange in group]
            started = time.perf_counter()
            answers = (
                list(threads.map(client.send, requests))
                if len(requests) > 1
                else [client.send(requests[0])]
            )
            total += time.perf_counter() - started
            for exchange, answer in zip(group, answers, strict=True):
                alike += exchange.status == answer.status_code
                texts.update(_find_replacements(exchange, answer))
    return ReplayResult(total, alike, len(tape))


def group_concurrent(tape: Sequence[RecordedExchange]) -> Iterator[list[RecordedExchange]]:
    """Yield the exchanges in the order of their beginnings, those that overlapped in one group."""
    group: list[RecordedExchange] = []
    for exchange in sorted(tape, key=lambda exchange: exchange.began):
        if group and exchange.began >= max(other.ended for other in group):
            yield group
            group = []
        group.append(exchange)
    if group:
        yield group


def _request(
    client: httpx.Client, exchange: RecordedExchange, texts: Mapping[str, str]
) -> httpx.Request:
    url, content = exchange.url, exchange.content
    headers = [(name, value) for name, value in exchange.headers if name.lower() not in OWN_HEADERS]
    for old, new in texts.items():
        url = url.replace(old, new)
        content = content.replace(old.encode(), new.encode())
        headers = [(name, value.replace(old, new)) for name, value in headers]
    return client.build_request(exchange.method, url, headers=headers, content=content)


def _find_replacements(
    exchange: RecordedExchange, answer: httpx.Response
) -> Iterator[tuple[str, str]]:
    """Yield pairs of names that the two hospitals gave to the same thing."""
    if exchange.status != answer.status_code:
        return
    recorded_headers = dict(exchange.answer_headers)
    if "etag" in recorded_headers and "etag" in answer.headers:
        yield from _pairs(recorded_headers["etag"], answer.headers["etag"])
    try:
        yield from _pairs(json.loads(exchange.answer), answer.json())
    except ValueError:
        return


def _pairs(one: Any, other: Any) -> Iterable[tuple[str, str]]:
    if isinstance(one, dict) and isinstance(other, dict):
        return [pair for key in one.keys() & other.keys() for pair in _pairs(one[key], other[key])]
    if isinstance(one, list) and isinstance(other, list):
        return [
            pair for here, there in zip(one, other, strict=False) for pair in _pairs(here, there)
        ]
    both = isinstance(one, str) and isinstance(other, str)
    return [(one, other)] if both and one != other and len(one) >= SHORTEST else []
