"""The log comes through whole, in whatever pieces it travels, and what is lost of it is missed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.load.load_results import LoadResults
from cutover_gates.probes.load.request_outcomes import RequestOutcome
from cutover_gates.probes.load.sample_log import RECORD, BlockReader, SampleBlock, pack_block
from cutover_gates.probes.load.sample_writer import MAX_FAILURE_MESSAGES, SampleWriter
from tests.unit.load.load_samples import head, samples


@pytest.fixture
def book(tmp_path: Path) -> LoadResults:
    return LoadResults(Ledger(tmp_path / "load.jsonl", "run", "target"), Redactor())


def written(*kept: tuple[str, float]) -> bytes:
    """What a scribe hands out for these requests, two blocks of them."""
    out = bytearray()
    scribe = SampleWriter(("search", "upload"), 3, out.extend)
    for operation, took in kept:
        scribe.record_request(operation, 1000.5, 0.25, took, RequestOutcome.SUCCESS, 201, "")
    scribe.write_block()
    scribe.write_block(ended=True)
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
        (block.header.process, block.header.number, block.header.ended, len(block.samples))
        for block in blocks
    ] == [(3, 0, False, 2), (3, 1, True, 0)]
    assert blocks[0].samples["took"].tolist() == [0.5, 1.5]
    assert blocks[0].samples["operation"].tolist() == [0, 1]
    assert blocks[0].samples["late"].tolist() == [0.25, 0.25]
    assert blocks[0].samples["status"].tolist() == [201, 201]


def test_records_may_hold_line_ends() -> None:
    """They are binary: every byte may come."""
    records = np.frombuffer(b"\n" * RECORD.itemsize * 3, RECORD)
    blocks = list(BlockReader().feed(pack_block(head(records=3), records.tobytes())))
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
    scribe = SampleWriter(("search",), 0, out.extend)
    for number in range(50):
        scribe.record_request(
            "search", 0.0, 0.0, 1.0, RequestOutcome.INVALID_ANSWER, 0, f"wrong {number}"
        )
    scribe.write_block()
    block = next(BlockReader().feed(bytes(out)))
    assert len(block.samples) == 50
    assert block.header.troubles == [
        ("search", f"wrong {number}") for number in range(MAX_FAILURE_MESSAGES)
    ]


def test_an_operation_that_was_not_planned_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        SampleWriter(("search",), 0, lambda _: None).record_request(
            "upload", 0.0, 0.0, 1.0, RequestOutcome.SUCCESS, 0, ""
        )


def test_a_lost_block_is_missed(book: LoadResults) -> None:
    book.add(SampleBlock(head(0), samples()))
    book.add(SampleBlock(head(2), samples()))
    assert book.problems == ["load process 0: a part of its log was lost"]


def test_samples_of_all_processes_are_merged_by_the_moment_at_which_they_were_due(
    book: LoadResults,
) -> None:
    book.add(SampleBlock(head(0, process=1, records=2), samples(0.1, 0.2, since=50.0)))
    book.add(SampleBlock(head(0, process=2, records=2), samples(0.3, 0.4, since=40.0)))
    assert book.problems == []
    assert np.allclose(book.samples["took"], [0.3, 0.4, 0.1, 0.2])


def test_what_was_made_stands_in_the_ledger(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "load.jsonl", "run", "target")
    entries = ledger.intend_many("patient", [("a", None, {}), ("b", None, {}), ("c", None, {})])
    book = LoadResults(ledger, Redactor())
    book.add(SampleBlock(head(0, made=[(entries[0], "17")], refused=[entries[1]]), samples()))
    assert ledger.created_ids("patient") == {"17"}
    assert [(left.key, left.id) for left in ledger.remaining_records()] == [
        ("c", None),
        ("a", "17"),
    ]


def test_secrets_of_a_process_are_masked_from_then_on(book: LoadResults) -> None:
    secret = "correct-horse-battery"
    book.add(
        SampleBlock(
            head(
                0,
                secrets=[(secret, "password of clinician")],
                troubles=[("search", f"got {secret}")],
            ),
            samples(),
        )
    )
    assert "correct-horse" not in book.failure_messages["search"][0]


def test_the_busiest_process_counts(book: LoadResults) -> None:
    """One that used six of its last seven seconds, beside an idle one."""
    for number in range(8):
        book.add(
            SampleBlock(head(number, process=1, cpu=number * 0.85, wall=float(number)), samples())
        )
        book.add(SampleBlock(head(number, process=2, cpu=0.0, wall=float(number)), samples()))
    assert book.max_cpu_share() == pytest.approx(0.85)
