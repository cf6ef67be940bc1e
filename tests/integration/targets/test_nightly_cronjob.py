"""`docs/scale.md` and the CronJob: what is to be copied from there is valid, and says the same in
all its places.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml

from cutover_gates.config.loader import load_settings
from cutover_gates.core.gates import GATES
from tests.integration.load.test_scale_page import VERSIONS, gate, manifests

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/scale.md").read_text(encoding="utf-8")


def nightly() -> dict[str, Any]:
    (job,) = (one for one in manifests("nightly-cronjob.yaml") if one["kind"] == "CronJob")
    return dict(job["spec"])


def container() -> dict[str, Any]:
    (one,) = nightly()["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    return dict(one)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_manifest_is_valid(version: str) -> None:
    """By the schemas that Kubernetes publishes, and with no key that they do not know."""
    for manifest in manifests("nightly-cronjob.yaml"):
        kubernetes_validate.validate(manifest, version, strict=True)


def test_a_key_that_kubernetes_does_not_know_is_caught() -> None:
    manifest = manifests("nightly-cronjob.yaml")[1]
    manifest["spec"]["concurencyPolicy"] = "Forbid"
    with pytest.raises(kubernetes_validate.ValidationError, match="concurencyPolicy"):
        kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)


def test_a_night_is_never_tried_again_and_never_overtaken() -> None:
    """What passes the second time only has not passed, and two gates at once would disturb each
    other.
    """
    job = nightly()["jobTemplate"]["spec"]
    assert (
        job["backoffLimit"],
        job["template"]["spec"]["restartPolicy"],
        nightly()["concurrencyPolicy"],
    ) == (0, "Never", "Forbid")


def test_it_asks_for_a_gate_and_keeps_the_report_on_the_volume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledgers lie beside the reports, so they are on it, too."""
    arguments, spec = container()["args"], nightly()["jobTemplate"]["spec"]["template"]["spec"]
    assert arguments[arguments.index("-m") + 1] in GATES
    for variable in container()["env"]:
        if variable["name"].startswith("CUTOVER_"):
            monkeypatch.setenv(variable["name"], variable["value"])
    (tmp_path / "cutover.toml").write_text(
        '[targets.staging]\nurl = "http://staging"\n', encoding="utf-8"
    )
    settings = load_settings(
        tmp_path / "cutover.toml", tmp_path, target=arguments[arguments.index("--target") + 1]
    )
    mounted = {mount["name"]: Path(mount["mountPath"]) for mount in container()["volumeMounts"]}
    assert settings.resolve_path(settings.reports).parent == mounted["reports"]
    (reports,) = (
        volume["persistentVolumeClaim"] for volume in spec["volumes"] if volume["name"] == "reports"
    )
    assert reports == {"claimName": manifests("nightly-cronjob.yaml")[0]["metadata"]["name"]}
    assert mounted["settings"] == Path(named(arguments)).parent


def named(arguments: list[str]) -> str:
    """The settings file that a command names."""
    (path,) = (
        argument.partition("=")[2]
        for argument in arguments
        if argument.startswith("--cutover-config=")
    )
    return path


@pytest.mark.parametrize(
    "arguments",
    [lambda: container()["args"], lambda: gate()["containers"][0]["command"][1:]],
    ids=["every-night", "once"],
)
def test_its_command_is_understood(arguments: Callable[[], list[str]], tmp_path: Path) -> None:
    """By a real pytest, which looks for its configuration near every path that it is given: this
    one must not be taken for such.
    """
    (tmp_path / "cutover.toml").write_text(
        'plan = "shipped"\n[targets.staging]\nurl = "http://127.0.0.1:1"\nrelease = "1"\n',
        encoding="utf-8",
    )
    given = [
        argument.replace(named(arguments()), f"{tmp_path}/cutover.toml") for argument in arguments()
    ]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CUTOVER_", "PYTEST_"))
    }
    told = subprocess.run(
        [sys.executable, "-m", "pytest", *given, "-p", "no:randomly"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={
            **environment,
            "CUTOVER_REPORTS": f"{tmp_path}/runs",
            "PYTHONPATH": f"{ROOT}/src:{ROOT}",
        },
    )
    assert told.stdout.lstrip().startswith("NO-GO") or "\nNO-GO" in told.stdout, (
        told.stdout + told.stderr
    )
    assert "unrecognized" not in told.stderr
    assert list((tmp_path / "runs").glob("*/verdict.json"))


def test_it_may_no_more_than_the_gate_that_runs_once() -> None:
    """The same image and user; no token of the cluster's; nothing of its own is writable."""
    spec, (once,) = nightly()["jobTemplate"]["spec"]["template"]["spec"], gate()["containers"]
    assert container()["image"] == once["image"]
    assert container()["securityContext"] == once["securityContext"]
    assert spec["securityContext"]["runAsUser"] == gate()["securityContext"]["runAsUser"]
    assert spec["automountServiceAccountToken"] is False


def test_no_secret_stands_in_it() -> None:
    text = (ROOT / "docs/scale/nightly-cronjob.yaml").read_text(encoding="utf-8")
    assert not [one for one in yaml.safe_load_all(text) if one["kind"] in ("Secret", "ConfigMap")]
    assert "password:" not in text.lower()


def test_the_settings_of_the_page_can_be_loaded(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "cutover.toml").write_text(block, encoding="utf-8")
    (name,) = tomllib.loads(block)["targets"]
    assert (
        load_settings(tmp_path / "cutover.toml", tmp_path, target=name).chosen_target.kind
        == "containers"
    )


@pytest.mark.parametrize(
    "said",
    [
        phrase
        for line in PAGE.splitlines()
        if line.startswith("| `")
        for phrase in re.findall(r"^\| `([^`]+)` \|", line)
    ],
)
def test_what_the_table_explains_is_what_is_said(said: str) -> None:
    files = [
        ROOT / "src/cutover_gates" / path
        for path in ("targets/containers.py", "probes/database/scratch/scratch_container.py")
    ]
    assert any(said in path.read_text(encoding="utf-8") for path in files)


def test_the_pages_that_it_leads_to_are_there() -> None:
    links = re.findall(r"\]\(([\w./-]+)\)", PAGE)
    assert links
    assert not [link for link in links if not (ROOT / "docs" / link).is_file()]
