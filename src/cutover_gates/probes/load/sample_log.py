"""The log of a load run: one record of 21 bytes for each request, exact and complete.

Times are in seconds. `due` (since the epoch) is when the request was planned, `late` by how much
later it was sent, `took` how long after `due` its answer was read. So a stall counts for every
request that was planned during it, whether it could be sent or not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

RECORD = np.dtype(
    [
        ("due", "<f8"),
        ("late", "<f4"),
        ("took", "<f4"),
        ("operation", "u1"),
        ("outcome", "u1"),
        ("status", "<u2"),
        ("connection", "u1"),
    ]
)
"""The record of a request.

`operation` is an index into the config's operations, `outcome` a `RequestOutcome`, `status` the
HTTP status or 0, `connection` the `ConnectionFlags`.
"""

ReportedWrite = tuple[int, str, str, str, Mapping[str, Any], float]
"""A write that is about to be sent: number, kind and id of the record, id of its patient, what is
sent, and the time. The ids are empty where the target gives them.
"""
AnsweredWrite = tuple[int, str, float]
"""The number of a write, the id of the record (empty where it was rejected), and the time."""
Samples = NDArray[np.void]
"""Records, in the order in which the requests ended."""


@dataclass(frozen=True)
class BlockHeader:
    """The header of a block.

    `number` counts a process's blocks from 0. `cpu` and `wall` are the seconds that the process has
    used and lived, `at` is the time on its clock (since the epoch). `troubles` are (operation,
    failure in words), `secrets` are (value, name) that the process has learnt.

    `begun` counts the journeys that were started so far, by name. Of the ledger's entries, `asked`
    are those that the target was asked to create, `made` (entry, id) of what it created, `refused`
    those that it rejected. `writes` are the writes that were sent, `answers` those that were
    answered; both are not in the log that is kept. `note` is something that the run must know.
    `ended`: the last block.
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
    writes: list[ReportedWrite] = field(default_factory=list, repr=False)
    answers: list[AnsweredWrite] = field(default_factory=list, repr=False)
    troubles: list[tuple[str, str]] = field(default_factory=list)
    secrets: list[tuple[str, str]] = field(default_factory=list, repr=False)
    ended: bool = False
    note: str = ""


@dataclass(frozen=True)
class SampleBlock:
    """A header and its records."""

    header: BlockHeader
    samples: Samples


def pack_block(header: BlockHeader, records: bytes) -> bytes:
    """Return a block as bytes."""
    return json.dumps(asdict(header)).encode() + b"\n" + records


class InvalidSampleLog(ValueError):
    """Bytes that are no log; the message is their beginning."""


class BlockReader:
    """Takes bytes as they come, and returns the blocks that are complete."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> Iterator[SampleBlock]:
        """Yield the blocks that are complete with these bytes. Raises `InvalidSampleLog`."""
        self._waiting += data
        while (line_end := self._waiting.find(b"\n")) >= 0:
            header = _parse_header(bytes(self._waiting[:line_end]))
            end = line_end + 1 + header.records * RECORD.itemsize
            if len(self._waiting) < end:
                return
            samples = np.frombuffer(bytes(self._waiting[line_end + 1 : end]), RECORD)
            del self._waiting[:end]
            yield SampleBlock(header, samples)


def _parse_header(line: bytes) -> BlockHeader:
    try:
        plain: dict[str, Any] = json.loads(line)
        for key in ("made", "writes", "answers", "troubles", "secrets"):
            plain[key] = [tuple(pair) for pair in plain[key]]
        return BlockHeader(**plain)
    except (ValueError, TypeError, KeyError):
        raise InvalidSampleLog(line[:80].decode(errors="replace")) from None
