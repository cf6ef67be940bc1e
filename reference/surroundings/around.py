"""Starts what stands around the hospital, all of it at once, and waits for it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reference import installation
from reference.settings import Settings
from reference.surroundings import instance, looking, proxy, telling, watch
from reference.surroundings.part import Missing, Part, free_ports, pid_file

READY_SECONDS = 10.0  # for all of them together; two are enough on an idle machine
SIGHT_SECONDS = 10.0  # for Prometheus' first look: it waits five before it begins
WHAT = ("front", "all")
"""What may be asked for: the second instance and the proxy, or the monitoring, too."""
LOCAL = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """Where each of them listens; `run` is where whoever judges the hospital shall."""

    instance: int
    tls: int
    plain: int
    prometheus: int
    alertmanager: int
    run: int


@dataclass
class Surroundings:
    """What was started around the hospital at `first` (`host:port`).

    `absent`: what could not be, each with one sentence.
    """

    directory: Path
    first: str
    ports: Ports
    log: Path | None
    papers: proxy.Papers
    started: set[str] = field(default_factory=set)
    absent: dict[str, str] = field(default_factory=dict)

    @property
    def second(self) -> str:
        return f"{LOCAL}:{self.ports.instance}"

    @property
    def prometheus(self) -> str:
        return f"http://{LOCAL}:{self.ports.prometheus}"

    @property
    def alertmanager(self) -> str:
        return f"http://{LOCAL}:{self.ports.alertmanager}"

    @property
    def opens(self) -> Path:
        """The file whose being there tells the second instance that the database may be used."""
        return self.directory / "open"

    @property
    def answering(self) -> Path:
        """The file whose being there tells that both instances answer."""
        return self.directory / "answering"

    def open(self) -> None:
        self.opens.touch()

    def there(self, name: str) -> bool:
        """Whether the part was started and, once it was waited for, got ready."""
        return name in self.started and name not in self.absent

    def told(self) -> dict[str, Any]:
        """Wait until everything is ready, and tell where it is: `infrastructure`, `monitoring`,
        `absent`.
        """
        questions = {
            name: asked for name, asked in self._questions().items() if name in self.started
        }
        for name in looking.wait_for(questions, READY_SECONDS):
            self.absent[name] = (
                f"{name} did not get ready within {READY_SECONDS:g} s{self._last_words(name)}"
            )
        if self.there(
            watch.PROMETHEUS
        ):  # whether it sees what it should is for the judge to say; not that it has had no time to look
            looking.wait_for(
                {watch.PROMETHEUS: lambda: looking.holds(self.prometheus, watch.SEES_BOTH)},
                SIGHT_SECONDS,
            )
        return {
            "infrastructure": self._infrastructure(),
            "monitoring": self._monitoring(),
            "absent": self.absent,
        }

    def _questions(self) -> Mapping[str, Callable[[], bool]]:
        front = f"https://localhost:{self.ports.tls}/version"
        return {
            instance.NAME: self._both_answer,
            proxy.NAME: looking.every_one(
                front, self.papers.authority, proxy.INSTANCE_HEADER, {self.first, self.second}
            ),
            watch.PROMETHEUS: lambda: looking.answers(f"{self.prometheus}/-/ready") is not None,
            watch.ALERTMANAGER: lambda: looking.answers(f"{self.alertmanager}/-/ready") is not None,
        }

    def _both_answer(self) -> bool:
        if all(
            looking.answers(f"http://{one}/version") is not None
            for one in (self.first, self.second)
        ):
            self.answering.touch()
        return self.answering.exists()

    def _last_words(self, name: str) -> str:
        log = self.directory / f"{name}.log"
        lines = (
            log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            if log.exists()
            else []
        )
        return f"; its log ends: {lines[-1]}" if lines else ""

    def _infrastructure(self) -> dict[str, Any]:
        if not self.there(proxy.NAME):
            return {}
        return telling.of_the_front(
            self.papers.authority,
            self.ports.tls,
            self.ports.plain,
            (self.first, self.second),
            pid_file(self.directory, instance.NAME),
        )

    def _monitoring(self) -> dict[str, Any]:
        told: dict[str, Any] = {"logs": {"kind": "file", "path": str(self.log)}} if self.log else {}
        if self.there(watch.PROMETHEUS):
            told |= telling.of_prometheus(
                self.prometheus, (self.first, self.second), f"{LOCAL}:{self.ports.run}"
            )
        if self.there(watch.ALERTMANAGER):
            told.setdefault("alerts", {})["alertmanager"] = self.alertmanager
        return told


@contextlib.contextmanager
def around(url: str, settings: Settings, what: str = "all") -> Iterator[Surroundings]:
    """Begin to start what stands around the hospital at `url`, whose settings the second instance
    shares. At the end all of it is gone.
    """
    with installation.claim() as place:
        found = Surroundings(
            place.directory,
            url.removeprefix("http://"),
            Ports(*free_ports(6)),
            settings.log,
            proxy.issue(place.directory),
        )
        warden = _warden(place, _parts(found, settings, what))
        try:
            yield found
        finally:
            assert warden.stdin is not None
            warden.stdin.close()
            warden.wait()


def _parts(found: Surroundings, settings: Settings, what: str) -> list[Part]:
    """What of it can be started here; what cannot is noted as absent."""
    directory, ports, both = found.directory, found.ports, (found.first, found.second)
    makers: dict[str, Callable[[], Part]] = {
        instance.NAME: lambda: instance.part(settings, ports.instance, found.opens),
        proxy.NAME: lambda: proxy.part(
            directory, found.papers, both, ports.tls, ports.plain, found.answering
        ),
    }
    if what == "all":
        makers[watch.PROMETHEUS] = lambda: watch.prometheus(
            directory, ports.prometheus, both, f"{LOCAL}:{ports.alertmanager}"
        )
        makers[watch.ALERTMANAGER] = lambda: watch.alertmanager(
            directory, ports.alertmanager, f"{LOCAL}:{ports.run}"
        )
    parts = []
    for name, make in makers.items():
        try:
            parts.append(make())
            found.started.add(name)
        except Missing as why:
            found.absent[name] = str(why)
    return parts


def _warden(place: installation.Place, parts: Sequence[Part]) -> subprocess.Popen[bytes]:
    with (place.directory / "warden.log").open("ab") as log:
        warden = subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-S",
                str(Path(__file__).with_name("warden.py")),
                str(place.directory),
            ],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=[place.lock],
            start_new_session=True,  # Ctrl-C is for us; we then end the warden in order.
        )
    assert warden.stdin is not None
    warden.stdin.write(json.dumps([part.order(place.directory) for part in parts]).encode() + b"\n")
    warden.stdin.flush()
    return warden
