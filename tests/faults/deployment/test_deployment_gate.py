"""The gate as a user runs it the day before, on an embedded hospital.

The cluster, the registry and the pipeline are stand-ins.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults import gate_runs
from tests.faults.deployment.deployment_environment import DeploymentEnvironment, standin_servers
from tests.faults.deployment.kubernetes import ATagWasMoved
from tests.faults.judge import PLAN
from tests.faults.results import Verdict
from tests.standins.deployment_objects import deployment_objects, helm

INFRASTRUCTURE = "CUTOVER_TARGETS__EMBEDDED__INFRASTRUCTURE"
ITEMS = ("kubernetes-cluster", "database-cluster", "tests-passing", "code-coverage")
FILES = tuple(
    f"smoke/infrastructure/test_{name}.py"
    for name in ("kubernetes", "registry", "pipeline", "database_cluster")
)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[DeploymentEnvironment]:
    """The day before, when the pods run the release before: `runs` follows the gate."""
    with standin_servers(tmp_path) as servers:
        found = servers.new_environment(tmp_path)
        found.kubernetes.objects |= deployment_objects(found.previous, found.digest)
        del found.kubernetes.objects["replicasets"][1]
        found.kubernetes.objects["secrets"] = [helm(1, "deployed")]
        yield found


def judged(environment: DeploymentEnvironment, folder: Path) -> Verdict:
    """The verdict on a plan that has only the items of the environment.

    With others, more would come up around the hospital than is asked here. The word is NO-GO where
    files are left out: their checks are not collected. The items say what is asked.
    """
    items = (
        "\n".join(
            ["[[item]]", *(f"{key} = {json.dumps(value)}" for key, value in _written(name).items())]
        )
        for name in ITEMS
    )
    (folder / "plan.toml").write_text("\n\n".join(items), encoding="utf-8")
    config = folder / "cutover.toml"
    config.write_text("", encoding="utf-8")
    environment.write_pipeline_files()
    told = {
        "CUTOVER_PLAN": str(folder / "plan.toml"),
        INFRASTRUCTURE: json.dumps(environment.settings({})),
        f"{INFRASTRUCTURE}__REGISTRY__PASSWORD": environment.registry.password,
        "CUTOVER_TARGETS__EMBEDDED__MIGRATIONS": json.dumps({"standbys": 0, "archived": False}),
    }
    return gate_runs.run_gate(
        "t24 and smoke", config, told, folder / "compiled", *gate_runs.PLAIN, *FILES, seconds=90
    )


def _written(name: str) -> dict[str, Any]:
    item = PLAN.item(name)
    return {
        "id": item.id,
        "section": item.section,
        "title": item.title,
        "gates": list(item.gates),
        "proof": item.proof,
        "suite": item.suite,
        "waivable": item.waivable,
    }


def test_without_a_fault_every_item_is_passed(
    environment: DeploymentEnvironment, tmp_path: Path
) -> None:
    """The database too, for which the hospital made a backup; and no secret is in what is left."""
    verdict = judged(environment, tmp_path)
    assert {
        item: verdict.message(item) for item in ITEMS if verdict.outcome(item) != "passed"
    } == {}, verdict.output
    left = b"".join(
        path.read_bytes() for path in (tmp_path / "reports").rglob("*") if path.is_file()
    )
    assert b"kubernetes-cluster" in left
    assert not [secret for secret in (b"t0ken-of", b"pa55word-of") if secret in left]


@pytest.mark.thorough
def test_with_one_its_item_alone_fails(environment: DeploymentEnvironment, tmp_path: Path) -> None:
    ATagWasMoved().harm(environment)
    verdict = judged(environment, tmp_path)
    assert verdict.status != 0
    assert {item: verdict.outcome(item) for item in ITEMS} == {
        **dict.fromkeys(ITEMS, "passed"),
        "kubernetes-cluster": "failed",
    }
    assert ATagWasMoved.shows in verdict.message("kubernetes-cluster")
