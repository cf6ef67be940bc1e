"""`docs/scale`: what is to be copied from there is valid, and says the same in all its places."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml

from cutover_gates.config.loader import load_settings
from cutover_gates.config.performance import Performance
from cutover_gates.probes.load import worker_pool
from cutover_gates.probes.load.worker_pool import WorkerPool
from tests.integration.load.test_worker_processes import STAND_IN, brief, from_all, heard

SCALE = Path(__file__).resolve().parents[3] / "docs/scale"
README = (SCALE / "README.md").read_text(encoding="utf-8")
VERSIONS = ("1.28", "1.37")
"""Of Kubernetes: the oldest and the newest that is looked at."""
assert brief  # a fixture


def manifests(name: str) -> list[dict[str, Any]]:
    documents = list(yaml.safe_load_all((SCALE / name).read_text(encoding="utf-8")))
    return [
        one
        for document in documents
        for one in (document["items"] if document["kind"] == "List" else [document])
    ]


def examples() -> list[Performance]:
    """The settings in the README, as they are."""
    found = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    return [
        Performance.model_validate(tomllib.loads(text)["targets"]["staging"]["performance"])
        for text in found
    ]


def gate() -> dict[str, Any]:
    (job,) = (one for one in manifests("gate-job.yaml") if one["kind"] == "Job")
    return dict(job["spec"]["template"]["spec"])


IN_CLUSTER = next(one for one in examples() if "kubectl" in one.worker_command)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["load-workers.yaml", "gate-job.yaml"])
def test_the_manifests_are_valid(name: str, version: str) -> None:
    """By the schemas that Kubernetes publishes, and with no key that they do not know."""
    for manifest in manifests(name):
        kubernetes_validate.validate(manifest, version, strict=True)


def test_a_key_that_kubernetes_does_not_know_is_caught() -> None:
    manifest = manifests("load-workers.yaml")[0]
    manifest["spec"]["backofLimit"] = 0
    with pytest.raises(kubernetes_validate.ValidationError, match="backofLimit"):
        kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)


def test_the_settings_can_be_loaded() -> None:
    assert len(examples()) == 3


def test_the_workers_of_the_settings_are_those_of_the_manifest() -> None:
    assert [one["metadata"]["name"] for one in manifests("load-workers.yaml")] == list(
        IN_CLUSTER.workers
    )


def test_the_gate_may_do_what_its_command_needs() -> None:
    """`kubectl exec job/NAME` gets the job, lists its pods, and opens an exec in the first."""
    (role,) = (one for one in manifests("gate-job.yaml") if one["kind"] == "Role")
    allowed = {
        (resource, verb)
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert IN_CLUSTER.worker_command == "kubectl exec -i job/{host} -- cutover-load"
    assert {("jobs", "get"), ("pods", "list"), ("pods/exec", "create")} <= allowed
    assert gate()["serviceAccountName"] == "cutover-gate"


def test_a_gate_is_never_tried_again() -> None:
    """What passes the second time only has not passed."""
    (job,) = (one for one in manifests("gate-job.yaml") if one["kind"] == "Job")
    assert (job["spec"]["backoffLimit"], job["spec"]["template"]["spec"]["restartPolicy"]) == (
        0,
        "Never",
    )


def test_the_variables_of_the_gate_are_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the settings of the README they make a whole.

    Its master listens at the port that the pod opens.
    """
    (container,) = gate()["containers"]
    for variable in container["env"]:
        if variable["name"].startswith("CUTOVER_"):
            monkeypatch.setenv(variable["name"], variable.get("value", "10.1.2.3"))
    (example,) = re.findall(r"```toml\n([^`]*kubectl.*?)```", README, re.DOTALL)
    asked = "\n".join(line for line in example.splitlines() if not line.startswith("master_"))
    (tmp_path / "cutover.toml").write_text(
        f'[targets.staging]\nurl = "http://staging"\n{asked}\n', encoding="utf-8"
    )
    settings = load_settings(tmp_path / "cutover.toml", tmp_path, target="staging")
    assert settings.chosen_target.performance.master_host == "10.1.2.3"
    assert [port["containerPort"] for port in container["ports"]] == [
        settings.chosen_target.performance.master_port
    ]
    assert settings.resolve_path(settings.reports) == Path("/reports/runs")


def test_no_secret_stands_in_a_manifest() -> None:
    for name in ("load-workers.yaml", "gate-job.yaml"):
        assert not [one for one in manifests(name) if one["kind"] in ("Secret", "ConfigMap")]
        assert "password:" not in (SCALE / name).read_text(encoding="utf-8").lower()


def test_the_command_for_a_cluster_starts_a_load_process(
    brief: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a `kubectl` that stands for one: it takes `exec -i job/NAME -- COMMAND`, and hands
    standard input and output on.
    """
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(
        '#!/bin/sh\n[ "$1 $2 $4 $5" = "exec -i -- cutover-load" ] || { echo "kubectl: $*" >&2;'
        f' exit 1; }}\ncase "$3" in job/cutover-load-?) exec {STAND_IN} well;; *) exit 1;; esac\n',
        encoding="utf-8",
    )
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(worker_pool, "LOCAL_COMMAND", [*STAND_IN.split(), "well"])
    with WorkerPool(brief, IN_CLUSTER) as running:
        heard(running, from_all(4))
        assert not running.describe_failure()


@pytest.mark.parametrize(
    "said",
    [
        "could not be started",
        "ended by itself, ",
        "with status ",
        "did not come within ",
        "it cannot reach the master at ",
        "says what is no log: ",
        "nobody could sign in to make load: ",
        "the work cannot be read",
        "is the same release of cutover installed here",
        "a load process was lost: ",
        "killed by ",
        "has said nothing for ",
        "ahead of",
    ],
)
def test_what_the_table_explains_is_what_is_said(said: str) -> None:
    """A captain looks for the words that he reads."""
    files = (
        Path(worker_pool.__file__).with_name(f"{name}.py")
        for name in ("worker_process", "worker_main", "worker_pool")
    )
    assert said in README
    assert any(said in sentence for path in files for sentence in _sentences(path))


def _sentences(path: Path) -> Iterator[str]:
    """Yield each text of a Python file as it reads at run time, with implicit parts joined."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            constants = [part for part in node.values if isinstance(part, ast.Constant)]
            yield "".join(str(part.value) for part in constants)
