"""The watcher as a Job: the manifest is valid, its command works, and others can read its record."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml

from cutover_gates.config.loader import load_settings
from cutover_gates.util.concurrency import wait_for
from cutover_gates.watch.record_reader import read_record, record_folder
from tests.calibration import scale_seconds
from tests.integration.load.test_scale_page import VERSIONS, gate, manifests
from tests.integration.reference.started_hospital import ROOT
from tests.watched_hospital import WatchedHospital

FILE = "watcher-job.yaml"
NOBODY = 65534


def job() -> dict[str, Any]:
    return dict(next(one for one in manifests(FILE) if one["kind"] == "Job")["spec"])


def pod() -> dict[str, Any]:
    return dict(job()["template"]["spec"])


def container() -> dict[str, Any]:
    (one,) = pod()["containers"]
    return dict(one)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_manifest_is_valid(version: str) -> None:
    """By the schemas that Kubernetes publishes, and with no key that they do not know."""
    for manifest in manifests(FILE):
        kubernetes_validate.validate(manifest, version, strict=True)


def test_a_key_that_kubernetes_does_not_know_is_caught() -> None:
    manifest = manifests(FILE)[-1]
    manifest["spec"]["template"]["spec"]["restartPolcy"] = "OnFailure"
    with pytest.raises(kubernetes_validate.ValidationError, match="restartPolcy"):
        kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)


def test_it_may_no_more_than_the_gate_and_is_started_again() -> None:
    (once,) = gate()["containers"]
    assert container()["image"] == once["image"]
    assert container()["securityContext"] == once["securityContext"]
    assert pod()["securityContext"]["runAsUser"] == gate()["securityContext"]["runAsUser"]
    assert pod()["automountServiceAccountToken"] is False
    assert (pod()["restartPolicy"], job()["backoffLimit"] > 1) == ("OnFailure", True)
    (budget,) = (one for one in manifests(FILE) if one["kind"] == "PodDisruptionBudget")
    assert budget["spec"]["selector"]["matchLabels"] == job()["template"]["metadata"]["labels"]


def test_no_secret_stands_in_it() -> None:
    text = (ROOT / "docs/scale" / FILE).read_text(encoding="utf-8")
    assert not [one for one in yaml.safe_load_all(text) if one["kind"] in ("Secret", "ConfigMap")]
    assert "password:" not in text.lower()


def test_record_and_ledgers_are_on_the_volume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in container()["env"]:
        monkeypatch.setenv(variable["name"], variable["value"])
    (tmp_path / "cutover.toml").write_text('[targets.production]\nurl = "http://p"\n')
    words = container()["command"]
    target = words[words.index("--target") + 1]
    settings = load_settings(tmp_path / "cutover.toml", tmp_path, target=target)
    mounted = {mount["name"]: Path(mount["mountPath"]) for mount in container()["volumeMounts"]}
    assert record_folder(settings).is_relative_to(mounted["record"])
    assert settings.resolve_path(settings.reports).parent == mounted["record"]
    assert words[words.index("--config") + 1] == str(mounted["settings"] / "cutover.toml")


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """Provide a folder that every user may read: those of pytest are for one user only."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path


@pytest.mark.thorough
def test_its_command_works_and_another_user_reads_the_record(
    announced: dict[str, Any], shared_folder: Path
) -> None:
    """As in the pod: settings that are read only, everything else by variables, SIGTERM at the end."""
    watched = WatchedHospital(announced, shared_folder)
    watched.write_settings()
    text = (shared_folder / "cutover.toml").read_text().replace("site", "production")
    (shared_folder / "cutover.toml").write_text(text)
    record = shared_folder / "record"
    words = [word.replace("/settings/", f"{shared_folder}/") for word in container()["command"]]
    given = {
        one["name"]: one["value"].replace("/record", str(record)) for one in container()["env"]
    }
    environment = {**os.environ, **given, "SSL_CERT_FILE": watched.balancer["ca_file"]}
    environment |= {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    program = [sys.executable, "-m", "cutover_gates.cli.main"]
    process = subprocess.Popen([*program, *words[1:]], cwd="/", env=environment)
    folder = record / "watch/production"
    try:
        _wait_for_probes(folder, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(scale_seconds(30)) == 0
    finally:
        process.kill()
        process.wait()
    for path in (folder, *folder.iterdir(), *(record / "ledgers/production").iterdir()):
        assert path.stat().st_mode & 0o044 == 0o044, path
    assert _read_as_nobody(folder) == 0


def _read_as_nobody(folder: Path) -> int:
    """Return 0 where a child of another user reads the whole record; without root, of the same."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if os.geteuid() == 0:
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            record = read_record(folder, "2.0.0")
            (folder / "status.json").read_text()
            status = 0 if record.results and record.journal and not record.problems else 1
        finally:
            os._exit(status)  # whatever happened: this is a copy of the whole test run
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _wait_for_probes(folder: Path, process: subprocess.Popen[bytes]) -> None:
    def count() -> int:
        return sum(path.read_text().count('"do": "probe"') for path in folder.glob("*.jsonl"))

    assert wait_for(lambda: count() > 40 or process.poll() is not None, scale_seconds(40), 0.1)
    assert process.poll() is None
