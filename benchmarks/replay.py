"""Sends a tape again with nothing but httpx, to another hospital of the same seed.

What the first hospital made up (ids, tokens, versions) the second one makes up anew. So each answer
is laid beside the recorded one, and where they differ, later requests say what the second hospital
said.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks.tap import Taken

OWN_HEADERS = frozenset({"host", "content-length", "connection", "transfer-encoding"})
SHORTEST = 6
"""Characters of a text that may be replaced: a shorter one could stand anywhere by chance."""


@dataclass(frozen=True)
class Replayed:
    """Wall seconds of the requests alone, and how many were answered with the recorded status."""

    seconds: float
    alike: int
    sent: int


def replay(tape: Sequence[Taken], url: str, known: Mapping[str, str]) -> Replayed:
    """`known`: texts of the first hospital (its address, its passwords) and what stands for them at
    the second, at `url`.
    """
    texts = dict(known)
    total, alike = 0.0, 0
    with httpx.Client(base_url=url, timeout=30) as client, ThreadPoolExecutor(32) as threads:
        for group in at_once(tape):
            requests = [_request(client, taken, texts) for taken in group]
            started = time.perf_counter()
            answers = (
                list(threads.map(client.send, requests))
                if len(requests) > 1
                else [client.send(requests[0])]
            )
            total += time.perf_counter() - started
            for taken, answer in zip(group, answers, strict=True):
                alike += taken.status == answer.status_code
                texts.update(_renamed(taken, answer))
    return Replayed(total, alike, len(tape))


def at_once(tape: Sequence[Taken]) -> Iterator[list[Taken]]:
    """The tape in the order of its beginnings, those together that overlapped."""
    group: list[Taken] = []
    for taken in sorted(tape, key=lambda taken: taken.began):
        if group and taken.began >= max(other.ended for other in group):
            yield group
            group = []
        group.append(taken)
    if group:
        yield group


def _request(client: httpx.Client, taken: Taken, texts: Mapping[str, str]) -> httpx.Request:
    url, content = taken.url, taken.content
    headers = [(name, value) for name, value in taken.headers if name.lower() not in OWN_HEADERS]
    for old, new in texts.items():
        url = url.replace(old, new)
        content = content.replace(old.encode(), new.encode())
        headers = [(name, value.replace(old, new)) for name, value in headers]
    return client.build_request(taken.method, url, headers=headers, content=content)


def _renamed(taken: Taken, answer: httpx.Response) -> Iterator[tuple[str, str]]:
    """Pairs of what the first and the second hospital called the same thing."""
    if taken.status != answer.status_code:
        return
    recorded_headers = dict(taken.answer_headers)
    if "etag" in recorded_headers and "etag" in answer.headers:
        yield from _pairs(recorded_headers["etag"], answer.headers["etag"])
    try:
        yield from _pairs(json.loads(taken.answer), answer.json())
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
