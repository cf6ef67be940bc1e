"""Programs are bounded in time, and do not outlive the process that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cutover_gates.util.subprocesses import (
    ChildTimeout,
    run_child,
    start_child,
    stop_child,
)

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_gone(pid: int) -> bool:
    ends = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < ends:
        time.sleep(0.02)
    return not is_running(pid)


def wait_until_there(path: Path) -> None:
    ends = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < ends, f"{path.name} did not come"
        time.sleep(0.02)


def test_a_program_is_run_to_its_end() -> None:
    program = "import sys; print(sys.stdin.read()); print('why', file=sys.stderr); sys.exit(3)"
    child = run_child([sys.executable, "-c", program], 30, stdin=b"in")
    assert (child.status, child.output, child.complaint) == (3, "in\n", "why")


def test_a_signal_is_a_negative_status() -> None:
    program = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    assert run_child([sys.executable, "-c", program], 30).status == -signal.SIGTERM


def test_a_program_that_takes_too_long_is_killed_with_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with pytest.raises(ChildTimeout):
        run_child(["sh", "-c", f"sleep 60 & echo $! $$ > {pids}; wait"], 2)
    assert all(wait_until_gone(int(pid)) for pid in pids.read_text().split())


def test_a_program_that_is_not_there_is_an_error_of_the_system() -> None:
    with pytest.raises(FileNotFoundError):
        run_child(["no-such-program-here"], 1)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent death signal is Linux's")
def test_a_program_dies_with_a_process_that_is_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    program = (
        "from cutover_gates.util.subprocesses import run_child\n"
        f"run_child(['sh', '-c', 'echo $$ > {pid_file}.new; mv {pid_file}.new {pid_file}; "
        "exec sleep 60'], 60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    ends = time.monotonic() + 20
    while not pid_file.exists() and time.monotonic() < ends:
        time.sleep(0.02)
    pid = int(pid_file.read_text())
    assert is_running(pid)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert wait_until_gone(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent death signal is Linux's")
def test_a_program_may_end_in_order_with_a_process_that_is_killed(tmp_path: Path) -> None:
    """A watcher removes what it has created."""
    ready, ended = tmp_path / "ready", tmp_path / "ended"
    shell = f"trap 'touch {ended}; exit' TERM; touch {ready}; while :; do sleep 0.05; done"
    program = (
        "import signal, time\n"
        "from cutover_gates.util.subprocesses import bind_to_parent, start_child\n"
        f"start_child(bind_to_parent(['sh', '-c', {shell!r}], signal.SIGTERM))\n"
        "time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    wait_until_there(ready)
    assert not ended.exists()
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    wait_until_there(ended)


def test_a_child_ends_when_its_standard_input_closes() -> None:
    child = start_child([sys.executable, "-c", "import sys; sys.stdin.read(); print('done')"])
    assert child.stdout is not None
    assert child.stdin is not None
    child.stdin.close()
    assert child.stdout.read() == b"done\n"
    stop_child(child, 10)
    assert child.returncode == 0


def test_a_child_that_does_not_listen_is_killed() -> None:
    child = start_child(SLEEP)
    stop_child(child, 0.1)
    assert child.returncode == -signal.SIGKILL
