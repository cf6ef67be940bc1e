"""The log comes through whole, in whatever pieces it travels, and what is lost of it is missed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cutover.evidence import Ledger, Redactor
from cutover.load.book import Book
from cutover.load.log import Block, BlockReader, packed
from cutover.load.samples import RECORD, Ending
from cutover.load.scribe import MOST_TROUBLES, Scribe
from tests.unit.load.runs import head, samples


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(Ledger(tmp_path / "load.jsonl", "run", "target"), Redactor())


def written(*kept: tuple[str, float]) -> bytes:
    """What a scribe hands out for these requests, two blocks of them."""
    out = bytearray()
    scribe = Scribe(("search", "upload"), 3, out.extend)
    for operation, took in kept:
        scribe.keep(operation, 1000.5, 0.25, took, Ending.WELL, 201, "")
    scribe.write()
    scribe.write(ended=True)
    return bytes(out)


@pytest.mark.parametrize("piece", [1, 7, 64, 10_000])
def test_blocks_come_through_in_any_pieces(piece: int) -> None:
    data, reader = written(("search", 0.5), ("upload", 1.5)), BlockReader()
    blocks = [
        block
        for start in range(0, len(data), piece)
        for block in reader.feed(data[start : start + piece])
    ]
    assert [
        (block.head.process, block.head.number, block.head.ended, len(block.samples))
        for block in blocks
    ] == [(3, 0, False, 2), (3, 1, True, 0)]
    assert blocks[0].samples["took"].tolist() == [0.5, 1.5]
    assert blocks[0].samples["operation"].tolist() == [0, 1]
    assert blocks[0].samples["late"].tolist() == [0.25, 0.25]
    assert blocks[0].samples["status"].tolist() == [201, 201]


def test_records_may_hold_line_ends() -> None:
    """They are binary: every byte may come."""
    records = np.frombuffer(b"\n" * RECORD.itemsize * 3, RECORD)
    blocks = list(BlockReader().feed(packed(head(records=3), records.tobytes())))
    assert len(blocks[0].samples) == 3


def test_a_time_is_kept_exactly_enough() -> None:
    """A thousandth of the ten-thousandth: far below the tenth of a percent that a percentile may be
    off.
    """
    took = 0.123456789
    block = next(BlockReader().feed(written(("search", took))))
    assert abs(float(block.samples["took"][0]) - took) / took < 1e-6


def test_only_the_first_troubles_of_an_operation_are_told() -> None:
    out = bytearray()
    scribe = Scribe(("search",), 0, out.extend)
    for number in range(50):
        scribe.keep("search", 0.0, 0.0, 1.0, Ending.WRONG, 0, f"wrong {number}")
    scribe.write()
    block = next(BlockReader().feed(bytes(out)))
    assert len(block.samples) == 50
    assert block.head.troubles == [("search", f"wrong {number}") for number in range(MOST_TROUBLES)]


def test_an_operation_that_was_not_planned_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Scribe(("search",), 0, lambda _: None).keep("upload", 0.0, 0.0, 1.0, Ending.WELL, 0, "")


def test_a_lost_block_is_missed(book: Book) -> None:
    book.take(Block(head(0), samples()))
    book.take(Block(head(2), samples()))
    assert book.notes == ["load process 0: a part of its log was lost"]


def test_samples_of_all_processes_are_merged_by_the_moment_at_which_they_were_due(
    book: Book,
) -> None:
    book.take(Block(head(0, process=1, records=2), samples(0.1, 0.2, since=50.0)))
    book.take(Block(head(0, process=2, records=2), samples(0.3, 0.4, since=40.0)))
    assert book.notes == []
    assert np.allclose(book.samples["took"], [0.3, 0.4, 0.1, 0.2])


def test_what_was_made_stands_in_the_ledger(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "load.jsonl", "run", "target")
    entries = ledger.intend_many("patient", [("a", None, {}), ("b", None, {}), ("c", None, {})])
    book = Book(ledger, Redactor())
    book.take(Block(head(0, made=[(entries[0], "17")], refused=[entries[1]]), samples()))
    assert ledger.made("patient") == {"17"}
    assert [(left.key, left.id) for left in ledger.left()] == [("c", None), ("a", "17")]


def test_secrets_of_a_process_are_masked_from_then_on(book: Book) -> None:
    secret = "correct-horse-battery"
    book.take(
        Block(
            head(
                0,
                secrets=[(secret, "password of clinician")],
                troubles=[("search", f"got {secret}")],
            ),
            samples(),
        )
    )
    assert "correct-horse" not in book.troubles["search"][0]


def test_the_busiest_process_counts(book: Book) -> None:
    """One that used six of its last seven seconds, beside an idle one."""
    for number in range(8):
        book.take(Block(head(number, process=1, cpu=number * 0.85, wall=float(number)), samples()))
        book.take(Block(head(number, process=2, cpu=0.0, wall=float(number)), samples()))
    assert book.busiest() == pytest.approx(0.85)
