"""The outputs of gates under a disk that fills up, and of many gates at once."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.calibration import scale_seconds
from tests.faults import gate_runs, hospitals
from tests.faults.judge import FUNCTIONAL
from tests.gate.holes.toy_project import Toy, target

STEP = 4096
"""Bytes. The block of a file system: a smaller step of a full disk changes nothing."""
BLOCKS = range(1, 61)
"""Sizes of the disk in blocks. A run of the toy project needs about forty."""
WORD = re.compile(r"NOT JUDGED|GO WITH WAIVERS|NO-GO|\bGO\b")
ON_A_DISK = """
mount -t tmpfs -o size="$SIZE" none reports || exit 99
"$@"
status=$?
mkdir -p kept && cp -r reports/. kept
exit $status
"""
"""Needs a mount namespace: root, or a user who may make one of their own."""
SECONDS_AT_ONCE = 300.0


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Toy]:
    """A toy project whose gate is a GO."""
    with target() as url:
        yield Toy(tmp_path, url)


def run_on_a_disk(toy: Toy, size: int) -> subprocess.CompletedProcess[str]:
    """Run the gate with its reports on a disk of `size` bytes; what it wrote stands in `kept`."""
    (toy.folder / "reports").mkdir()
    namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-r", "--mount"]
    gate = [sys.executable, "-m", "pytest", "-m", "phase3", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*namespace, "bash", "-c", ON_A_DISK, "gate", *gate],
        cwd=toy.folder,
        env={**toy.environment(), "SIZE": str(size)},
        text=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=120,
    )


def words_of(folder: Path) -> set[str]:
    """Return the words of all outputs below a folder. A file without one counts as empty."""
    names = ("verdict.json", "verdict.html", "status.md", "junit.xml")
    paths = [path for path in folder.glob("runs/2*/*") if path.name in names]
    found = [WORD.search(path.read_text(encoding="utf-8")) for path in paths]
    return {match[0] if match else "" for match in found}


@pytest.mark.parametrize("blocks", BLOCKS)
def test_a_disk_that_fills_up_at_any_step_leaves_one_word(toy: Toy, blocks: int) -> None:
    """On the disk, on the terminal and in the status; GO only where every file is whole."""
    ran = run_on_a_disk(toy, blocks * STEP)
    output = ran.stdout + ran.stderr
    assert ran.returncode in (0, 1, 4), output
    assert "Traceback" not in output
    told = re.findall(r"^(NOT JUDGED|NO-GO|GO)\b", output, re.MULTILINE)
    words = words_of(toy.folder / "kept")
    if ran.returncode == 0:
        assert (words, set(told)) == ({"GO"}, {"GO"})
        (folder,) = toy.folder.glob("kept/runs/2*")
        summed = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, check=False)
        assert summed.returncode == 0
    else:
        assert words in (set(), {"NO-GO"}, {"NOT JUDGED"}), output
        assert told
        assert told[-1] != "GO"


def test_the_largest_disk_is_large_enough(toy: Toy) -> None:
    """Otherwise the steps above would end before the outputs do."""
    assert run_on_a_disk(toy, BLOCKS[-1] * STEP).returncode == 0


@pytest.mark.parametrize("count", [2, 6, 12])
def test_gates_at_once_stay_apart(count: int, hospital: hospitals.Hospital, tmp_path: Path) -> None:
    """As many folders as gates; each GO is one, and each status is that of its own verdict."""
    processes = [gate_runs.start_functional_gate(hospital, tmp_path) for _ in range(count)]
    outputs = [process.communicate(timeout=scale_seconds(SECONDS_AT_ONCE)) for process in processes]
    told = [WORD.findall(output)[-1] for output, _ in outputs]
    for process, word in zip(processes, told, strict=True):
        assert (process.returncode == 0) is word.startswith("GO"), outputs
    paths = list(tmp_path.glob("reports/runs/2*/verdict.json"))
    verdicts = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    assert sorted(verdict["verdict"] for verdict in verdicts) == sorted(told)
    assert len(paths) == count
    for verdict in verdicts:
        failed = {item["id"] for item in verdict["items"] if item["outcome"] == "failed"}
        assert not failed & set(FUNCTIONAL), verdict["holds"]


@pytest.mark.parametrize("count", [6])
def test_no_gate_of_several_is_a_false_go(
    count: int, cluster: hospitals.Cluster, tmp_path: Path
) -> None:
    """With a fault in the hospital all of them find it."""
    with hospitals.hospital(cluster, "EveryMoveIsAllowed", tmp_path) as broken:
        processes = [gate_runs.start_functional_gate(broken, tmp_path) for _ in range(count)]
        outputs = [
            process.communicate(timeout=scale_seconds(SECONDS_AT_ONCE)) for process in processes
        ]
    assert [process.returncode for process in processes] == [1] * count, outputs
