"""Load processes are heard to their last word, never outlive the run, and what goes wrong with one
is said in a sentence.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import psutil
import pytest
from pydantic import ValidationError

from cutover_gates.config.performance import Performance
from cutover_gates.hospital import Credentials, Document, Patient, PatientDraft, Role, Sex
from cutover_gates.probes.load import worker_pool
from cutover_gates.probes.load.journeys import KnownPatient
from cutover_gates.probes.load.sample_log import SampleBlock
from cutover_gates.probes.load.worker_config import PlannedRecords, WorkerConfig, WorkerRole
from cutover_gates.probes.load.worker_pool import WorkerPool
from tests.calibration import scale_seconds
from tests.integration.load.load_observation import is_running
from tests.integration.load.worker_standin import MANY

STAND_IN = f"{sys.executable} {Path(__file__).with_name('worker_standin.py')}"
SECONDS = 20.0
"""For a process to be there, on a busy machine."""
PASSWORD = "correct-horse-battery"


def draft(mrn: str) -> PatientDraft:
    return PatientDraft(mrn, "Okafor", "Adaeze", date(1987, 3, 4), Sex.FEMALE)


def known(number: int) -> KnownPatient:
    patient = Patient(
        f"run-{number}",
        "Okafor",
        "Adaeze",
        date(1987, 3, 4),
        Sex.FEMALE,
        id=str(number),
        version="1",
    )
    return KnownPatient(patient, Document(f"d{number}", patient.id, "a.txt", "text/plain", 3), "ab")


@pytest.fixture
def brief() -> WorkerConfig:
    """Six known patients, and for each of them three visits and two documents that may be made; ten
    patients more.
    """
    stock = PlannedRecords(
        [(entry, draft(f"new-{entry}")) for entry in range(100, 110)],
        [(200 + number, f"visit {number}", number % 6) for number in range(18)],
        [(300 + number, f"{number}.bin", number % 6) for number in range(12)],
    )
    return WorkerConfig(
        "http://127.0.0.1:9",
        "rest",
        None,
        "",
        False,
        "run",
        {Role.CLINICIAN: Credentials("c", PASSWORD)},
        "",
        {"clerk": (1, 0.5)},
        ("search",),
        1.0,
        10,
        0,
        1,
        1,
        10,
        1,
        "text/plain",
        tuple(map(known, range(6))),
        stock,
    )


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody makes load here."""
    monkeypatch.setattr(worker_pool, "LOCAL_COMMAND", [*STAND_IN.split(), "well"])


def started(
    brief: WorkerConfig, *behaviours: str, command: str = f"{STAND_IN} {{host}}"
) -> WorkerPool:
    """A master, and a worker for each of these behaviours, of which it has its name."""
    return WorkerPool(
        brief, Performance(workers=behaviours, worker_command=command, master_host="192.0.2.1")
    )


def heard(running: WorkerPool, enough: Callable[[list[SampleBlock]], object]) -> list[SampleBlock]:
    """All blocks until it is enough."""
    blocks, ends = list[SampleBlock](), time.monotonic() + SECONDS
    while not enough(blocks):
        assert time.monotonic() < ends, f"heard {len(blocks)} blocks in {SECONDS:g} s"
        blocks += running.read_blocks(0.05)
    return blocks


def from_all(count: int) -> Callable[[list[SampleBlock]], bool]:
    """The logs of so many processes have begun."""
    return lambda blocks: len({block.header.process for block in blocks}) == count


# ── to the last word ──


def test_the_last_words_of_all_come_whole(brief: WorkerConfig) -> None:
    """Also where they are many times what a pipe holds."""
    with started(brief, "well", "well") as running:
        heard(running, from_all(3))
        last = list(running.finish())
    assert sorted(block.header.process for block in last if block.header.ended) == [0, 1, 2]
    assert [len(block.samples) for block in last if block.header.ended] == [MANY] * 3
    assert running.interrupted_workers == []
    assert running.unknown_entries == set()


def test_a_log_without_an_end_is_noticed(brief: WorkerConfig) -> None:
    with started(brief, "well", "torn") as running:
        heard(running, from_all(3))
        list(running.finish())
        assert running.interrupted_workers == ["torn"]


@pytest.mark.parametrize("behaviour", ["well", "stubborn", "silent", "deaf"])
def test_none_outlives_the_run_by_two_seconds(brief: WorkerConfig, behaviour: str) -> None:
    with started(brief, behaviour) as running:
        heard(running, from_all(1 if behaviour == "deaf" else 2))
        left = time.monotonic()
        list(running.finish())
    assert time.monotonic() - left < scale_seconds(2)
    assert not [
        one
        for one in psutil.Process().children()
        # A child of another test that was not waited for yet has no command line.
        if is_running(one) and any("worker_standin.py" in word for word in one.cmdline())
    ]


def test_one_that_never_listened_ends_too() -> None:
    """As one that is still importing, with its work unread, when the one who started it dies."""
    program = (
        "import cutover_gates.probes.load.parent_watchdog, time; print(flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()
    process.stdin.write(b"work that nobody reads\n")
    process.stdin.close()
    assert process.wait(2) == 0
    process.stdout.close()


def test_one_that_does_not_listen_keeps_nobody_waiting(brief: WorkerConfig) -> None:
    """Its work is more than a pipe holds, and it is told first."""
    much = replace(brief, journeys="# " + "x" * 1_000_000)
    begun = time.monotonic()
    with started(much, "deaf", "well") as running:
        assert time.monotonic() - begun < scale_seconds(1)
        heard(running, from_all(2))


# ── what went wrong ──


def what_went_wrong(running: WorkerPool) -> str:
    heard(running, lambda _: running.describe_failure())
    return running.describe_failure()


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (
            "failing",
            (
                "a load process was lost: failing ended by itself, with status 1. It said: this and"
                " that | is wrong with me"
            ),
        ),
        ("killed", "a load process was lost: killed ended by itself, killed by SIGKILL"),
        (
            "noisy",
            (
                "noisy says what is no log: 'Welcome to this machine!'. Does something else (a"
                " login script) print there?"
            ),
        ),
        ("ahead", "the clock of ahead is 60 s ahead of this machine's: set both right (NTP)"),
    ],
)
def test_what_goes_wrong_is_one_sentence(brief: WorkerConfig, behaviour: str, says: str) -> None:
    with started(brief, "well", behaviour) as running:
        assert what_went_wrong(running) == says


def test_silence_is_a_loss(brief: WorkerConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a network is cut: no pipe ends, and nobody speaks."""
    with started(brief, "silent") as running:
        heard(running, from_all(2))
        assert running.describe_failure() == ""
        monkeypatch.setattr(worker_pool, "SILENT_SECONDS", 1.0)
        assert what_went_wrong(running).startswith(
            "a load process was lost: silent has said nothing for "
        )


def test_one_that_does_not_come_is_named(
    brief: WorkerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with started(brief, "well", "deaf") as running:
        heard(running, from_all(2))
        assert running.describe_failure() == ""
        monkeypatch.setattr(worker_pool, "WORKER_START_SECONDS", 0.0)
        assert running.describe_failure() == "1 of 3 load processes did not come within 0 s: deaf"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (
            "no-such-command-here {host}",
            (
                "a load process could not be started: far: No such file or directory:"
                " no-such-command-here"
            ),
        ),
        (
            "sh -c 'echo no route to {host} >&2; exit 255'",
            (
                "a load process could not be started: far ended by itself, with status 255. It"
                " said: no route to far"
            ),
        ),
    ],
)
def test_a_command_that_starts_nothing_is_told_at_once(
    brief: WorkerConfig, command: str, says: str
) -> None:
    begun = time.monotonic()
    with started(brief, "far", command=command) as running:
        assert what_went_wrong(running) == says
    assert time.monotonic() - begun < worker_pool.WORKER_START_SECONDS


def test_what_a_lost_one_was_to_make_may_have_been_made(brief: WorkerConfig) -> None:
    """The others' need not be looked up, nor that of one who never came."""
    with started(brief, "well", "killed", "deaf") as running:
        what_went_wrong(running)
        list(running.finish())
        assert running.unknown_entries == brief.stock.share(1, 3).entries


# ── who is told what ──


def told(brief: WorkerConfig, **settings: object) -> list[tuple[list[str], WorkerConfig]]:
    return [
        (list(command), one)
        for command, one in worker_pool._worker_commands(
            brief, Performance.model_validate(settings)
        )
    ]


def test_one_process_is_alone_and_told_everything(brief: WorkerConfig) -> None:
    ((_, only),) = told(brief)
    assert only == brief


def test_several_are_a_master_and_its_workers(brief: WorkerConfig) -> None:
    """On this machine they find each other here, and nobody else finds them."""
    everybody = [one.place for _, one in told(brief, processes=3)]
    assert [(place.part, place.index) for place in everybody] == [
        ("master", 0),
        ("worker", 1),
        ("worker", 2),
        ("worker", 3),
    ]
    assert {place.workers for place in everybody} == {3}
    assert {place.host for place in everybody} == {"127.0.0.1"}
    assert len({place.port for place in everybody}) == 1


def test_other_machines_are_started_by_their_command(brief: WorkerConfig) -> None:
    """And find the master at its address and port.

    This machine makes no load beside them, unless it is told to.
    """
    settings = {
        "workers": ("a", "b"),
        "worker_command": "ssh -T {host} 'cutover-load'",
        "master_host": "192.0.2.1",
        "master_port": 4711,
    }
    (_, master), *workers = told(brief, **settings)
    assert (master.place.part, master.place.host) == ("master", "*")
    assert [command for command, _ in workers] == [
        ["ssh", "-T", "a", "cutover-load"],
        ["ssh", "-T", "b", "cutover-load"],
    ]
    assert {(one.place.host, one.place.port) for _, one in workers} == {("192.0.2.1", 4711)}
    assert [one.place.host for _, one in told(brief, **settings, processes=2)] == [
        "*",
        "127.0.0.1",
        "127.0.0.1",
        "192.0.2.1",
        "192.0.2.1",
    ]


def test_each_has_patients_and_things_of_its_own(brief: WorkerConfig) -> None:
    """Whoever is with a patient can also open a visit for him and file a document, and all that was
    entered is given to somebody.
    """
    (_, master), *workers = told(brief, processes=3)
    assert (master.known, master.stock, master.users) == ((), PlannedRecords(), {})
    assert sorted(one.patient.id for _, worker in workers for one in worker.known) == sorted(
        one.patient.id for one in brief.known
    )
    assert sorted(entry for _, worker in workers for entry in worker.stock.entries) == sorted(
        brief.stock.entries
    )
    whose = {
        entry: brief.known[owner]
        for entry, _, owner in [*brief.stock.visits, *brief.stock.documents]
    }
    for _, worker in workers:
        things = [*worker.stock.visits, *worker.stock.documents]
        assert all(worker.known[owner] == whose[entry] for entry, _, owner in things)
        assert {owner for _, _, owner in things} == set(range(len(worker.known)))


def test_what_is_told_arrives(brief: WorkerConfig) -> None:
    sent = replace(brief, place=WorkerRole("worker", 2, "192.0.2.1", 4711, 3, "far"))
    arrived = WorkerConfig.from_line(sent.to_line())
    assert replace(arrived, stock=PlannedRecords()) == replace(sent, stock=PlannedRecords())
    assert arrived.stock.entries == sent.stock.entries
    assert arrived.stock.patients == sent.stock.patients


def test_no_secret_shows(brief: WorkerConfig) -> None:
    """It goes in by standard input alone."""
    assert PASSWORD not in repr(brief)
    assert all(PASSWORD not in " ".join(command) for command, _ in told(brief, processes=3))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"patients": 3, "processes": 4}, "patients = 3 is fewer than the load processes"),
        ({"workers": ("a",)}, "cannot reach a master at 127.0.0.1"),
        ({"worker_command": "ssh 'x"}, "that is no command"),
        ({"worker_command": " "}, "an empty command starts nothing"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Performance.model_validate(settings)
