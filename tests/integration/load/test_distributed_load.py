"""Load from several machines is one load: nothing of it is lost, and where a part of it is, nothing
is proven.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import psutil
import pytest

from cutover_gates.config.performance import Performance
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.load import rules
from cutover_gates.probes.load.assessments import LoadAssessments
from cutover_gates.probes.load.load_baseline import LoadBaselines
from cutover_gates.probes.load.load_runner import run_load
from cutover_gates.probes.load.load_summary import summarize_load
from cutover_gates.probes.load.load_validity import find_load_gaps
from cutover_gates.probes.load.request_outcomes import RequestOutcome
from cutover_gates.probes.load.sample_log import BlockReader
from tests.faults import proxy
from tests.faults.hospitals import ROOT, Hospital
from tests.integration.load.load_observation import (
    PROCESS,
    is_running,
    load_processes,
    network,
    requests_served,
    wait,
)
from tests.integration.load.load_plans import clean_up, performance, prepare_load
from tests.integration.load.machines import Machines, machines

NOT_ASKED = Assessment("what the target used", ())
GONE_SECONDS = 2.0
PERHAPS_SECONDS = 0.3
"""For the hospital to write its line on a request that was cut off, which it does or does not:
there is nothing to wait for.
"""


@pytest.fixture(scope="module")
def three() -> Iterator[Machines]:
    """Three machines."""
    with machines(3) as made:
        yield made


def from_all(machines: Machines, **others: Any) -> Performance:
    return performance(
        workers=machines.names,
        worker_command=machines.command,
        master_host=machines.address,
        **others,
    )


def seen_from(machines: Machines, hospital: Hospital) -> str:
    """The hospital's address as the machines see it."""
    listener = socket.create_server((machines.address, 0), backlog=256)
    proxy.start(listener, urlsplit(hospital.url).port or 0, proxy.straight_on)
    return "http://{}:{}".format(*listener.getsockname())


class Once:
    """Does something in the middle of a run, when it is judged already."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act, self.at = act, 0.0

    def __call__(self, line: str) -> None:
        if not self.at and line.startswith("load ") and "load 0 s" not in line:
            self._act()
            self.at = time.monotonic()


def test_all_samples_of_all_machines_are_merged(
    hospital: Hospital, three: Machines, tmp_path: Path
) -> None:
    """As many requests are in the log of the run as in the hospital's own.

    A request that was cut off at the end may have left or not.
    """
    networks = set[str]()
    look = Once(lambda: networks.update(network(process) for process in load_processes()))
    with prepare_load(
        hospital, seen_from(three, hospital), tmp_path, from_all(three), look
    ) as order:
        before = requests_served(tmp_path)
        run = run_load(order, contextlib.nullcontext())
        assert not load_processes()
        time.sleep(PERHAPS_SECONDS)
        theirs = requests_served(tmp_path) - before
    cut = int((run.results.samples["outcome"] == RequestOutcome.UNFINISHED).sum())
    assert not run.results.problems
    assert set(run.results.headers) == {0, 1, 2, 3}
    assert all(any(head.records for head in run.results.headers[index]) for index in (1, 2, 3)), (
        "one of them made no load"
    )
    assert len(run.results.samples) - cut <= theirs <= len(run.results.samples)
    assert len(run.results.samples) > 60
    assert len(networks) == (4 if three.apart else 1), (
        "each is on a machine of its own, and the master is here"
    )


@pytest.mark.thorough
def test_what_is_kept_is_what_was_judged(hospital: Hospital, tmp_path: Path) -> None:
    """The file of the run holds every sample of every process; and nothing that was made stays on
    the hospital unknown.
    """
    with prepare_load(hospital, hospital.url, tmp_path, performance(processes=2)) as order:
        run = run_load(order, contextlib.nullcontext())
        clean_up(order, run)
        assert all(left.id is not None for left in order.ledger.remaining_records())
    kept = np.concatenate([block.samples for block in BlockReader().feed(order.log.read_bytes())])
    assert len(kept) > 60
    assert np.array_equal(np.sort(kept, order="due"), np.sort(run.results.samples, order="due"))
    assert '"do": "closed"' in order.ledger.path.read_text(encoding="utf-8").splitlines()[-1]


def test_a_lost_worker_ends_the_run_at_once_and_nothing_is_proven(
    hospital: Hospital, three: Machines, tmp_path: Path
) -> None:
    """It is named, and nothing is said against the hospital."""
    kill = Once(lambda: load_processes()[-1].kill())
    load = from_all(three, min_seconds=30, max_seconds=30)
    with prepare_load(hospital, seen_from(three, hospital), tmp_path, load, kill) as order:
        run = run_load(order, contextlib.nullcontext())
        ended = time.monotonic()
        clean_up(order, run)
    assert (
        run.end_reason
        == f"a load process was lost: {three.names[-1]} ended by itself, killed by SIGKILL"
    )
    assert ended - kill.at < GONE_SECONDS
    summary = summarize_load(order, run, NOT_ASKED, NOT_ASKED)
    asked = LoadAssessments(summary, load, LoadBaselines(tmp_path, "tried", "2", "", load, ""))
    for question in (
        asked.assess_offered_load,
        asked.assess_response_times,
        asked.assess_error_rate,
    ):
        assert not question().findings
        reasons = [gap.actual for gap in question().not_proven if gap.rule is rules.LOG_COMPLETE]
        assert reasons == [run.end_reason]
    assert not load_processes()
    assert '"do": "closed"' in order.ledger.path.read_text(encoding="utf-8").splitlines()[-1], (
        "what the lost one made was looked up"
    )


@pytest.mark.thorough
def test_a_worker_that_cannot_reach_its_master_says_so(
    hospital: Hospital, three: Machines, tmp_path: Path
) -> None:
    load = performance(
        workers=three.names[:1], worker_command=three.command, master_host="203.0.113.1"
    )  # where nobody is (RFC 5737)
    with prepare_load(hospital, seen_from(three, hospital), tmp_path, load) as order:
        run = run_load(order, contextlib.nullcontext())
    assert run.end_reason.startswith(
        f"{three.names[0]}: it cannot reach the master at 203.0.113.1:"
    )
    assert "performance.master_host" in run.end_reason
    assert not len(run.results.samples)


@pytest.mark.thorough
def test_a_worker_that_cannot_reach_the_target_says_so(
    hospital: Hospital, three: Machines, tmp_path: Path
) -> None:
    """As where the target is at 127.0.0.1, which is another place on each machine."""
    load = performance(
        workers=three.names[:1], worker_command=three.command, master_host=three.address
    )
    with prepare_load(hospital, hospital.url, tmp_path, load) as order:
        elsewhere = replace(
            order, worker_config=replace(order.worker_config, url="http://127.0.0.1:9")
        )
        run = run_load(elsewhere, contextlib.nullcontext())
    assert run.end_reason.startswith(f"{three.names[0]}: nobody could sign in to make load: ")
    summary = summarize_load(order, run, NOT_ASKED, NOT_ASKED)
    assert find_load_gaps(summary, order.performance)


@pytest.mark.parametrize(
    "relay", ["", "sh -c 'cat | exec \"$@\" | cat' - "], ids=["itself", "by a relay, as ssh is one"]
)
def test_nothing_is_left_when_the_one_who_conducts_is_killed(
    hospital: Hospital, tmp_path: Path, relay: str
) -> None:
    """No load process outlives it by two seconds, here or behind a relay: their standard input
    ends.
    """
    load = performance(
        processes=2,
        workers=("far",),
        worker_command=f"{relay}{sys.executable} -m {PROCESS}",
        master_host="127.0.0.2",
    )
    with prepare_load(hospital, hospital.url, tmp_path, load) as order:
        command = [
            sys.executable,
            "-m",
            "tests.integration.load.killable_runner",
            load.model_dump_json(),
        ]
        alone = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
        assert alone.stdin is not None
        assert alone.stdout is not None
        alone.stdin.write(order.worker_config.to_line())
        alone.stdin.flush()
        assert alone.stdout.readline() == b"in its middle\n"
        started = psutil.Process(alone.pid).children(recursive=True)
        alone.kill()
        wait(f"the end of {started}", lambda: not any(map(is_running, started)), GONE_SECONDS)
        alone.communicate()
    assert len(started) >= 4


@pytest.mark.thorough
def test_nothing_is_left_after_ctrl_c(hospital: Hospital, tmp_path: Path) -> None:
    """Also in the ramp, when the master is still dealing out."""
    started = list[psutil.Process]()

    def interrupt(_: str) -> None:
        if any(block.header.records for block in BlockReader().feed(order.log.read_bytes())):
            started.extend(load_processes())
            raise KeyboardInterrupt

    with prepare_load(
        hospital, hospital.url, tmp_path, performance(processes=2, ramp_seconds=8), interrupt
    ) as order:
        with pytest.raises(KeyboardInterrupt):
            run_load(order, contextlib.nullcontext())
        assert not any(map(is_running, started))
    assert len(started) == 3
