"""Start all programs around the hospital at once, and wait for them."""

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
from reference.environment import description, instance, monitoring, proxy, readiness
from reference.environment import switch as switch_module
from reference.environment.part import Missing, Part, free_ports, pid_file
from reference.environment.switch import NotSwitched, Switch
from reference.settings import Settings

READY_SECONDS = 40.0  # for all of them together; an idle machine needs two, a crowded one many
FIRST_SCRAPE_SECONDS = 10.0  # Prometheus waits five before its first scrape
SCOPES = ("front", "all")
"""Scopes of `start_environment`: the second instance and the proxy; or the monitoring, too."""
LOCAL = "127.0.0.1"
ROLLOUT_HEALTH_INTERVAL = "5s"
"""Caddy asks each entry of its list, and a share of 10 % takes twenty of them (`weights`)."""


@dataclass(frozen=True)
class Ports:
    """The port of each program; `run` is for the receiver of the run that judges the hospital."""

    instance: int
    tls: int
    plain: int
    prometheus: int
    alertmanager: int
    run: int


@dataclass
class Environment:
    """The programs that were started around the hospital at `first` (`host:port`).

    `absent` lists those that could not be started, each with one sentence. `keeps_both`: the
    release before stays behind the proxy, and the new one gets its share of the traffic later.
    """

    directory: Path
    first: str
    ports: Ports
    log: Path | None
    certificate_files: proxy.CertificateFiles
    started: set[str] = field(default_factory=set)
    absent: dict[str, str] = field(default_factory=dict)
    switch: Switch | None = None
    keeps_both: bool = False
    parts: dict[str, Part] = field(default_factory=dict)

    @property
    def second(self) -> str:
        """The address of the second instance."""
        return f"{LOCAL}:{self.ports.instance}"

    @property
    def prometheus(self) -> str:
        """The address of Prometheus."""
        return f"http://{LOCAL}:{self.ports.prometheus}"

    @property
    def alertmanager(self) -> str:
        """The address of Alertmanager."""
        return f"http://{LOCAL}:{self.ports.alertmanager}"

    @property
    def open_marker(self) -> Path:
        """Return the file that tells the second instance that the database may be used."""
        return self.directory / "open"

    @property
    def answering_marker(self) -> Path:
        """Return the file whose existence tells that both instances answer."""
        return self.directory / "answering_marker"

    def wait_for_release_before(self) -> None:
        """Wait until the release before answers through the proxy. Raises `NotSwitched`."""
        assert self.switch is not None
        if missing := self.absent.get(proxy.NAME):
            raise NotSwitched(missing)
        self.switch.wait_until_it_serves(self.answering_marker)

    def switch_to_new_release(self) -> None:
        """Wait for both new instances, and have the proxy serve them. Raises `NotSwitched`."""
        assert self.switch is not None
        self.wait_for_new_release()
        self.switch.turn_to((self.first, self.second))

    def open(self) -> None:
        """Tell the second instance that the database may be used."""
        self.open_marker.touch()

    def is_ready(self, name: str) -> bool:
        """Return whether the part was started and, once it was waited for, became ready."""
        return name in self.started and name not in self.absent

    def describe_when_ready(self) -> dict[str, Any]:
        """Wait until all is ready, and return `infrastructure`, `monitoring` and `absent`."""
        checks = {
            name: asked for name, asked in self._readiness_checks().items() if name in self.started
        }
        for name in readiness.wait_for(checks, READY_SECONDS):
            self.absent[name] = (
                f"{name} did not get ready within {READY_SECONDS:g} s{self._last_log_line(name)}"
            )
        # The gate judges what Prometheus has scraped. Here it only gets the time to scrape once.
        if self.is_ready(monitoring.PROMETHEUS):
            readiness.wait_for(
                {
                    monitoring.PROMETHEUS: lambda: readiness.has_result(
                        self.prometheus, monitoring.BOTH_SCRAPED
                    )
                },
                FIRST_SCRAPE_SECONDS,
            )
        return {
            "infrastructure": self._infrastructure(),
            "monitoring": self._monitoring(),
            "absent": self.absent,
        }

    def _readiness_checks(self) -> Mapping[str, Callable[[], bool]]:
        front = f"https://localhost:{self.ports.tls}/version"
        return {
            instance.NAME: self._both_answer,
            proxy.NAME: readiness.all_answer(
                front,
                self.certificate_files.authority,
                proxy.INSTANCE_HEADER,
                self._behind_proxy(),
            ),
            monitoring.PROMETHEUS: lambda: (
                readiness.get_headers(f"{self.prometheus}/-/ready") is not None
            ),
            monitoring.ALERTMANAGER: lambda: (
                readiness.get_headers(f"{self.alertmanager}/-/ready") is not None
            ),
        }

    def _behind_proxy(self) -> set[str]:
        if self.switch and self.keeps_both:
            return {self.switch.address}
        return {self.first, self.second}

    def wait_for_new_release(self) -> None:
        """Wait for both new instances. Raises `NotSwitched`."""
        if readiness.wait_for({instance.NAME: self._both_answer}, READY_SECONDS):
            raise NotSwitched(f"the new instances did not answer within {READY_SECONDS:g} s")

    def _both_answer(self) -> bool:
        if all(
            readiness.get_headers(f"http://{one}/version") is not None
            for one in (self.first, self.second)
        ):
            self.answering_marker.touch()
        return self.answering_marker.exists()

    def _last_log_line(self, name: str) -> str:
        log = self.directory / f"{name}.log"
        lines = (
            log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            if log.exists()
            else []
        )
        return f"; its log ends: {lines[-1]}" if lines else ""

    def _infrastructure(self) -> dict[str, Any]:
        if not self.is_ready(proxy.NAME):
            return {}
        return description.describe_front(
            self.certificate_files.authority,
            self.ports.tls,
            self.ports.plain,
            self._list_backends(),
            pid_file(self.directory, instance.NAME),
        )

    def _list_backends(self) -> tuple[str, ...]:
        before = (self.switch.address,) if self.switch and self.keeps_both else ()
        return (*before, self.first, self.second)

    def _monitoring(self) -> dict[str, Any]:
        told: dict[str, Any] = {"logs": {"kind": "file", "path": str(self.log)}} if self.log else {}
        if self.is_ready(monitoring.PROMETHEUS):
            told |= description.describe_prometheus(
                self.prometheus, (self.first, self.second), f"{LOCAL}:{self.ports.run}"
            )
        if self.is_ready(monitoring.ALERTMANAGER):
            told.setdefault("alerts", {})["alertmanager"] = self.alertmanager
        return told


@contextlib.contextmanager
def start_environment(
    url: str,
    settings: Settings,
    scope: str = "all",
    before: Settings | None = None,
    *,
    keeps_both: bool = False,
) -> Iterator[Environment]:
    """Start the programs around the hospital at `url` without waiting; end them with the block.

    The second instance shares the hospital's `settings`. `before`: the proxy serves an instance of
    the release before, until it is switched. With `keeps_both` it stays behind the proxy, and the
    new one gets its share of the traffic later.
    """
    with installation.claim() as place:
        environment = Environment(
            place.directory,
            url.removeprefix("http://"),
            ports := Ports(*free_ports(6)),
            settings.log,
            files := proxy.issue(place.directory),
        )
        if before:
            front = f"https://localhost:{ports.tls}/version"
            port = free_ports(1)[0]
            interval = ROLLOUT_HEALTH_INTERVAL if keeps_both else "1s"
            environment.keeps_both = keeps_both
            new = (environment.first, environment.second) if keeps_both else ()
            environment.switch = Switch(before, place.directory, port, front, files, interval, new)
        watchdog = _start_watchdog(place, _parts(environment, settings, scope))
        try:
            yield environment
        finally:
            assert watchdog.stdin is not None
            watchdog.stdin.close()
            watchdog.wait()


def _parts(environment: Environment, settings: Settings, scope: str) -> list[Part]:
    """Return the parts that can be started here, and record the others as absent."""
    switch = environment.switch
    directory, ports, both = (
        environment.directory,
        environment.ports,
        (environment.first, environment.second),
    )
    makers: dict[str, Callable[[], Part]] = {
        instance.NAME: lambda: instance.part(settings, ports.instance, environment.open_marker),
        proxy.NAME: lambda: proxy.part(
            directory,
            environment.certificate_files,
            (switch.address,) if switch else both,
            ports.tls,
            ports.plain,
            environment.answering_marker,
            switch.environment if switch else None,
        ),
    }
    if switch:
        makers[switch_module.NAME] = switch.part
    if scope == "all":
        makers[monitoring.PROMETHEUS] = lambda: monitoring.prometheus(
            directory, ports.prometheus, both, f"{LOCAL}:{ports.alertmanager}"
        )
        makers[monitoring.ALERTMANAGER] = lambda: monitoring.alertmanager(
            directory, ports.alertmanager, f"{LOCAL}:{ports.run}"
        )
    for name, make in makers.items():
        try:
            environment.parts[name] = make()
            environment.started.add(name)
        except Missing as why:
            environment.absent[name] = str(why)
    return list(environment.parts.values())


def _start_watchdog(
    place: installation.RunDirectory, parts: Sequence[Part]
) -> subprocess.Popen[bytes]:
    with (place.directory / "parent_watchdog.log").open("ab") as log:
        watchdog = subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-S",
                str(Path(__file__).with_name("parent_watchdog.py")),
                str(place.directory),
            ],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=[place.lock],
            start_new_session=True,  # Ctrl-C reaches this process only, which ends the watchdog.
        )
    assert watchdog.stdin is not None
    watchdog.stdin.write(
        json.dumps([part.order(place.directory) for part in parts]).encode() + b"\n"
    )
    watchdog.stdin.flush()
    return watchdog
