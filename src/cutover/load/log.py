"""The log of a run: blocks of sample records, each with a head that says whose they are.

Complete: a block that is lost is missed by its number.

A block is one line of JSON and then the records (`samples.RECORD`), as many as the head says. A
process writes two a second.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from cutover.load.samples import RECORD, Samples


@dataclass(frozen=True)
class Head:
    """`number` counts a process's blocks from 0.

    `cpu` and `wall` are seconds that the process had used and lived by then, `at` is the time on
    its clock (seconds since the epoch). `troubles` are (operation, what was wrong with it, in
    words), `secrets` (value, name) that it has learnt.

    `begun` counts the journeys that were begun so far, by name. Of the ledger's entries, `asked`
    are those that the target was asked to make, `made` (entry, id) of what it made, `refused` those
    of which it would have nothing. `note`: something that the run must know. `ended`: its last.
    """

    process: int
    number: int
    records: int
    cpu: float
    wall: float
    at: float = 0.0
    streams: int = 0
    begun: dict[str, int] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    made: list[tuple[int, str]] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    troubles: list[tuple[str, str]] = field(default_factory=list)
    secrets: list[tuple[str, str]] = field(default_factory=list, repr=False)
    ended: bool = False
    note: str = ""


@dataclass(frozen=True)
class Block:
    """A head and its records."""

    head: Head
    samples: Samples


def packed(head: Head, records: bytes) -> bytes:
    """A block as bytes."""
    return json.dumps(asdict(head)).encode() + b"\n" + records


class NoLog(ValueError):
    """Bytes that are no log. The message is their beginning."""


class BlockReader:
    """Takes bytes as they come, gives every block that is whole. Raises `NoLog`."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> Iterator[Block]:
        self._waiting += data
        while (line_end := self._waiting.find(b"\n")) >= 0:
            head = _head(bytes(self._waiting[:line_end]))
            end = line_end + 1 + head.records * RECORD.itemsize
            if len(self._waiting) < end:
                return
            samples = np.frombuffer(bytes(self._waiting[line_end + 1 : end]), RECORD)
            del self._waiting[:end]
            yield Block(head, samples)


def _head(line: bytes) -> Head:
    try:
        plain: dict[str, Any] = json.loads(line)
        return Head(
            **{
                **plain,
                **{
                    key: [tuple(pair) for pair in plain[key]]
                    for key in ("made", "troubles", "secrets")
                },
            }
        )
    except (ValueError, TypeError, KeyError):
        raise NoLog(line[:80].decode(errors="replace")) from None
