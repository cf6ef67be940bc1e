"""A rollout of a remote target: its declared commands give the new release its share, and take it
back.

Two releases are real processes behind Caddy. The gate knows them by its settings alone, as it knows
a hospital's staging: nothing of the embedded target is used.
"""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.previous import EMBEDDED_DIFFERENCES
from cutover_gates.plugin.step_watcher import StepWatcher
from reference.environment.weights import CaddyAdmin, share_weights
from tests.calibration import scale_seconds
from tests.faults.hospitals import ROOT
from tests.gate.kills.leftovers import wait
from tests.gate.rollout.rollout_trial import RolloutTrial, begin_gate_of
from tests.integration.reference.started_hospital import launch, read_announcement

TARGET, GATE = "site", "phase2-10"
OFFERED = "--abort-on-trigger"
SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from reference.environment.weights import CaddyAdmin, share_weights
with Path("asked.txt").open("a") as file:
    file.write(sys.argv[1] + "\\n")
weights = share_weights({old!r}, {new!r}, int(sys.argv[1]))
CaddyAdmin(Path({socket!r})).set_weights(weights)
"""
SETTINGS = """
target = "{target}"
[targets.{target}]
url = "{url}"
release = "2.0.0"
previous_release = "1.9.0"
limits = {{ release_header = "X-Release" }}

[targets.{target}.infrastructure]
tls.ca_file = "{ca_file}"
balancer.backends = {backends}
balancer.instance_header = "X-Backend"

[targets.{target}.rollout]
advance = ["{python}", "set_weights.py", "{{percent}}"]
abort = {abort}
command_seconds = 60
dwell_seconds.canary = {dwell}

[targets.{target}.triggers]
evaluate_seconds = 1
health_seconds = 2

[targets.{target}.watch.paths]
search = 0.2
"""
USER = """
[targets.{target}.users.{role}]
username = "{username}"
password_file = "{role}.pw"
"""


@dataclass(frozen=True)
class Site:
    """A running hospital with both releases, and a project in `folder` that judges its rollout."""

    announced: Mapping[str, Any]
    folder: Path

    @property
    def old(self) -> list[str]:
        """The backends (`host:port`) of the release before."""
        return self._find_after("--old")

    @property
    def new(self) -> list[str]:
        """The backends of the new release."""
        return self._find_after("--new")

    @property
    def proxy(self) -> CaddyAdmin:
        """The proxy before them."""
        (socket,) = self._find_after("--socket")
        return CaddyAdmin(Path(socket))

    def _find_after(self, option: str) -> list[str]:
        words = self.announced["surroundings"]["rollout"]["abort"]
        return [after for word, after in itertools.pairwise(words) if word == option]

    def set_share(self, percent: int) -> None:
        """Set the weights as a captain does."""
        self.proxy.set_weights(share_weights(self.old, self.new, percent))

    def is_back(self) -> bool:
        """Return whether the release before alone is behind the proxy."""
        return set(self.proxy.get_weights()) == {*self.old}

    def read_asked(self) -> list[str]:
        """Return the shares for which the declared commands were run, in order."""
        path = self.folder / "asked.txt"
        return path.read_text().split() if path.is_file() else []

    def read_pid(self) -> int:
        """Return the process id of an instance of the new release."""
        return int(self.proxy.path.with_name("instance.pid").read_text())

    def write(self, dwell: float, abort: str = "set_weights.py") -> None:
        """Write the project; `abort` is the script that takes the rollout back."""
        balancer = self.announced["surroundings"]["infrastructure"]["balancer"]
        script = SCRIPT.format(
            root=str(ROOT), old=self.old, new=self.new, socket=str(self.proxy.path)
        )
        (self.folder / "set_weights.py").write_text(script)
        (self.folder / "broken.py").write_text("raise SystemExit('no such rollout')\n")
        text = SETTINGS.format(
            target=TARGET,
            dwell=dwell,
            python=sys.executable,
            abort=str([sys.executable, abort, "0"]),
            url=balancer["url"],
            ca_file=self.authority,
            backends=balancer["backends"],
        )
        text += read_older_dialect()
        for role, user in self.announced["users"].items():
            (self.folder / f"{role}.pw").write_text(user["password"])
            text += USER.format(target=TARGET, role=role, username=user["username"])
        (self.folder / "cutover.toml").write_text(text)

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Watch the hospital since before its rollout begins, as a captain does."""
        command = [sys.executable, "-m", "cutover_gates.cli.main", "watch", "--target", TARGET]
        environment = {**os.environ, "SSL_CERT_FILE": self.authority}
        process = subprocess.Popen(command, cwd=self.folder, env=environment)
        watcher = StepWatcher(self.folder / "reports/watch" / TARGET)
        try:
            wait("the watcher", lambda: watcher.count_probes() > 0, scale_seconds(60))
            with (self.folder / "cutover.toml").open("a") as file:
                file.write(f"[targets.{TARGET}.watch]\nbegins = {datetime.now(UTC).isoformat()}\n")
            yield
        finally:
            process.terminate()
            process.wait(scale_seconds(60))

    @property
    def authority(self) -> str:
        """The file with the authority of the proxy's certificate."""
        return str(self.announced["surroundings"]["infrastructure"]["balancer"]["ca_file"])

    def begin(self, *options: str) -> AbstractContextManager[RolloutTrial]:
        """Start the gate, as a pipeline does."""
        words = ["--target", TARGET, f"--cutover-config={self.folder / 'cutover.toml'}", *options]
        return begin_gate_of(TARGET, GATE, self.folder, words, {"SSL_CERT_FILE": self.authority})


def read_older_dialect() -> str:
    """Return the settings of a target at which both releases answer: both know the older dialect."""
    text = (ROOT / EMBEDDED_DIFFERENCES).read_text(encoding="utf-8")
    return re.sub(r"(?m)^\[(?=capabilities|rest)", f"[targets.{TARGET}.", text)


@pytest.fixture(scope="module")
def announced() -> Iterator[dict[str, Any]]:
    """Start the hospital: 1.9.0 and two instances of 2.0.0 behind a proxy."""
    process = launch("--tied", "--stage", "rollout")
    yield read_announcement(process)
    process.communicate(timeout=scale_seconds(30))


@pytest.fixture
def site(announced: dict[str, Any], tmp_path: Path) -> Iterator[Site]:
    """Provide the hospital with an empty project. What was stopped in it goes on afterwards."""
    found = Site(announced, tmp_path)
    found.set_share(0)
    yield found
    os.kill(found.read_pid(), signal.SIGCONT)


def stop_an_instance(site: Site, trial: RolloutTrial) -> None:
    """Stop an instance of the new release once the step is live: the trigger on health fires."""
    trial.wait_for_line("10 % is live")
    assert trial.process.poll() is None, trial.read_output()
    os.kill(site.read_pid(), signal.SIGSTOP)


def test_a_trigger_runs_the_declared_abort(site: Site) -> None:
    """The service goes back at once: the step does not wait for its end."""
    site.write(dwell=300)
    site.set_share(10)
    with site.begin(OFFERED) as trial:
        stop_an_instance(site, trial)
        wait("the way back", site.is_back, scale_seconds(60))
    verdict = trial.read_verdict()
    assert trial.process.returncode == 1
    assert site.read_asked() == ["0"]
    assert trial.outcome("trigger-health") == "failed", trial.read_output()
    assert "ROLL BACK NOW" in verdict["rollback_order"]
    (hold,) = [one for one in verdict["holds"] if "taken back" in one]
    assert "a trigger fired (health" in hold
    assert "the rollout was taken back by rollout.abort" in hold


def test_without_the_option_nothing_is_taken_back(site: Site) -> None:
    """A setting alone acts in no call: one that only looks may come in between."""
    site.write(dwell=300)
    site.set_share(10)
    before = site.proxy.get_weights()
    with site.begin() as trial:
        stop_an_instance(site, trial)
    assert trial.process.returncode == 1
    assert (site.read_asked(), site.proxy.get_weights()) == ([], before)
    assert trial.outcome("trigger-health") == "failed", trial.read_output()
    holds = trial.read_verdict()["holds"]
    assert any("does not say --abort-on-trigger" in hold for hold in holds), holds


def test_an_abort_that_fails_is_told_as_loudly(site: Site) -> None:
    """Somebody must do it by hand, now."""
    site.write(dwell=300, abort="broken.py")
    site.set_share(10)
    before = site.proxy.get_weights()
    with site.begin(OFFERED) as trial:
        stop_an_instance(site, trial)
    assert trial.process.returncode == 1
    assert site.proxy.get_weights() == before
    (hold,) = [one for one in trial.read_verdict()["holds"] if "taken back" in one]
    assert "the rollout was NOT taken back" in hold
    assert "rollout.abort ended with status 1: no such rollout" in hold


def test_without_a_trigger_the_declared_commands_only_advance(site: Site) -> None:
    """A clean step keeps its share."""
    site.write(dwell=15)
    with site.watch(), site.begin("--advance", OFFERED) as trial:
        pass
    assert site.read_asked() == ["10"]
    assert site.proxy.get_weights() == share_weights(site.old, site.new, 10)
    verdict = trial.read_verdict()
    assert trial.outcome("trigger-health") == "passed", trial.read_output()
    assert "rollback_order" not in verdict
    assert not [hold for hold in verdict["holds"] if "taken back" in hold]
