"""The log of a run: blocks of sample records, each with a head that says whose they are. Complete: a block that is lost is missed by its number.

A block is one line of JSON and then the records (`samples.RECORD`), as many as the head says. A process writes two a second.
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
    """`number` counts a process's blocks from 0. `cpu` and `wall` are seconds that the process had used and lived by then; `made` are (ledger entry,
    id) of what was created, `troubles` are (operation, what was wrong with it, in words). `secrets` are (value, name) that it has learnt since.

    `begun` counts the journeys that were begun so far, by name, `refused` the ledger entries of which the target would have nothing.
    `note`: something that the run must know, such as a worker that was lost. `ended`: this is its last block.
    """

    process: int
    number: int
    records: int
    cpu: float
    wall: float
    streams: int = 0
    begun: dict[str, int] = field(default_factory=dict)
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


class BlockReader:
    """Takes bytes as they come, gives every block that is whole."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> Iterator[Block]:
        self._waiting += data
        while (line_end := self._waiting.find(b"\n")) >= 0:
            plain: dict[str, Any] = json.loads(self._waiting[:line_end])
            end = line_end + 1 + plain["records"] * RECORD.itemsize
            if len(self._waiting) < end:
                return
            samples = np.frombuffer(bytes(self._waiting[line_end + 1:end]), RECORD)
            del self._waiting[:end]
            for key in ("made", "troubles", "secrets"):
                plain[key] = [tuple(pair) for pair in plain[key]]
            yield Block(Head(**plain), samples)
