"""What is kept of every request of a load run: one record of twenty bytes, exact and complete.

Times are seconds. `due` (since the epoch) is when the request was meant to begin, `late` by how
much later it left, `took` how long after `due` its answer was there and read: a stall counts for
everyone who would have come, whether he could be sent or not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
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
    ]
)
"""`operation` is an index into the brief's operations, `outcome` an `RequestOutcome`, `status` the HTTP
status or 0.
"""

Samples = NDArray[np.void]
"""Records in the order in which they ended."""


@dataclass(frozen=True)
class BlockHeader:
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
class SampleBlock:
    """A head and its records."""

    header: BlockHeader
    samples: Samples


def pack_block(head: BlockHeader, records: bytes) -> bytes:
    """A block as bytes."""
    return json.dumps(asdict(head)).encode() + b"\n" + records


class InvalidSampleLog(ValueError):
    """Bytes that are no log. The message is their beginning."""


class BlockReader:
    """Takes bytes as they come, gives every block that is whole. Raises `InvalidSampleLog`."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> Iterator[SampleBlock]:
        self._waiting += data
        while (line_end := self._waiting.find(b"\n")) >= 0:
            head = _parse_header(bytes(self._waiting[:line_end]))
            end = line_end + 1 + head.records * RECORD.itemsize
            if len(self._waiting) < end:
                return
            samples = np.frombuffer(bytes(self._waiting[line_end + 1 : end]), RECORD)
            del self._waiting[:end]
            yield SampleBlock(head, samples)


def _parse_header(line: bytes) -> BlockHeader:
    try:
        plain: dict[str, Any] = json.loads(line)
        return BlockHeader(
            **{
                **plain,
                **{
                    key: [tuple(pair) for pair in plain[key]]
                    for key in ("made", "troubles", "secrets")
                },
            }
        )
    except (ValueError, TypeError, KeyError):
        raise InvalidSampleLog(line[:80].decode(errors="replace")) from None
