"""Each fault of the deployment is caught by its own check, and by no other.

Without a fault every check passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.findings import NotProven
from cutover_gates.plugin.check_inventory import build_inventory
from cutover_gates.plugin.suite_folders import SuiteFolders
from cutover_gates.probes.deployment.kubernetes import rules as kubernetes_rules
from cutover_gates.probes.deployment.pipeline import rules as pipeline_rules
from cutover_gates.probes.deployment.registry import rules as registry_rules
from tests.faults import hospitals
from tests.faults.deployment.database_trial import place_database, run_database_checks
from tests.faults.deployment.databases import (
    DatabaseFault,
    TheDatabaseWasLeftReadOnly,
    TheNewestBackupIsOld,
    TheStandbyIsGone,
)
from tests.faults.deployment.deployment_environment import (
    FILES,
    ROLLBACK,
    StandinServers,
    checks,
    standin_servers,
)
from tests.faults.deployment.deployment_fault import DeploymentFault
from tests.faults.deployment.kubernetes import EVERY
from tests.faults.judge import PLAN, find_problems
from tests.faults.registry import faults_of_kind
from tests.faults.results import CheckResults
from tests.selection import further
from tests.standins.deployment_objects import ago, deployment_objects, helm

DECLARED = {
    kubernetes_rules.DEPLOYMENT_DECLARED,
    registry_rules.IMAGE_DECLARED,
    pipeline_rules.PIPELINE_DECLARED,
}
BY_NAME = faults_of_kind("deployment", DeploymentFault)
OF_THE_DATABASE = faults_of_kind("deployment", DatabaseFault)
DATABASE = "database_cluster"
ALWAYS_AFTER_ROLLBACK = {
    "EveryPodRunsTheNewImage",
    "ACanaryIsKept",
    "TheConfigMapIsStillTheNewOne",
}
ALWAYS: tuple[type[DatabaseFault], ...] = (
    TheDatabaseWasLeftReadOnly,
    TheStandbyIsGone,
    TheNewestBackupIsOld,
)
"""What every run tries of the database's; the others are dear (`tox run -e thorough`)."""


@pytest.fixture(scope="module", name="servers")
def started_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandinServers]:
    with standin_servers(tmp_path_factory.mktemp("standins")) as servers:
        yield servers


# ── cluster, registry, pipeline ──


def is_further(name: str) -> bool:
    """Return whether only the thorough run tries a fault: one after a rollback takes a second."""
    return BY_NAME[name].file == ROLLBACK and name not in ALWAYS_AFTER_ROLLBACK


@pytest.mark.parametrize("name", [further(name) if is_further(name) else name for name in BY_NAME])
def test_its_check_catches(name: str, servers: StandinServers, tmp_path: Path) -> None:
    """The check does not pass, for the rule that the fault breaks; no other check is blamed."""
    fault, environment = BY_NAME[name](), servers.new_environment(tmp_path)
    fault.harm(environment)
    wrong = find_problems(
        type(fault), CheckResults(environment.run_checks(fault.asked, fault.file))
    )
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "asked",
    [{}, {"cluster": {"helm_release": None}}, {"pipeline": {"coverage_percent": 83.1}}],
    ids=["all", "no Helm", "exact"],
)
def test_without_a_fault_every_check_passes(
    servers: StandinServers, tmp_path: Path, asked: Mapping[str, Mapping[str, Any]]
) -> None:
    """No false alarm; each assessment names what it checked."""
    seen: list[Assessment] = []
    found = servers.new_environment(tmp_path).run_checks(asked, seen=seen)
    assert {name: one for name, one in found.items() if one.word != "passed"} == {}
    assert len(seen) == len(found) == len(EVERY) + 6
    assert all(one.checked for one in seen)


def test_before_the_cutover_the_release_before_may_still_run(
    servers: StandinServers, tmp_path: Path
) -> None:
    """It is then itself what a rollback goes back to, also where it is the first revision."""
    environment = servers.new_environment(tmp_path)
    environment.kubernetes.objects |= deployment_objects(environment.previous, environment.digest)
    del environment.kubernetes.objects["replicasets"][1]
    environment.kubernetes.objects["secrets"] = [helm(1, "deployed")]
    found = environment.run_checks({"cluster": {"runs": "previous"}}, "kubernetes")
    assert {name: one for name, one in found.items() if one.word != "passed"} == {}


def test_after_a_rollback_without_a_fault_every_check_passes(
    servers: StandinServers, tmp_path: Path
) -> None:
    """No false alarm; no value of a Secret is in the record or in the evidence."""
    seen: list[Assessment] = []
    environment = servers.new_environment(tmp_path)
    environment.roll_back()
    found = environment.run_checks({}, ROLLBACK, seen=seen)
    assert {name: one for name, one in found.items() if one.word != "passed"} == {}
    assert all(one.checked for one in seen)
    written = environment.record_path.read_text(encoding="utf-8")
    assert not [value for value in ("cGE1NXdvcmQ", "pa55word") if value in written + repr(seen)]


def test_a_container_that_was_started_after_the_configuration_came_back_has_read_it(
    servers: StandinServers, tmp_path: Path
) -> None:
    """Also in a pod that is older: variables are read at each start of a container."""
    environment = servers.new_environment(tmp_path)
    environment.roll_back()
    (config_map,) = environment.kubernetes.objects["configmaps"]
    config_map["metadata"]["resourceVersion"] = "9"
    config_map["metadata"]["managedFields"][0]["time"] = ago(minutes=20)
    for one in environment.kubernetes.objects["pods"]:
        one["status"]["startTime"] = ago(days=2)
    found = environment.run_checks({}, ROLLBACK)
    assert {name: one for name, one in found.items() if one.word != "passed"} == {}


def test_nothing_secret_is_left_in_evidence(servers: StandinServers, tmp_path: Path) -> None:
    """Nor is one requested: Helm's secrets hold every value of the chart."""
    seen: list[Assessment] = []
    environment = servers.new_environment(tmp_path)
    said = [one.why for one in environment.run_checks({}, seen=seen).values()]
    assert not [
        secret
        for secret in ("t0ken", "pa55word", "dmFsdWVz")
        if secret in repr(seen) + "".join(said)
    ]
    assert not [body for body in environment.kubernetes.given_out if b"dmFsdWVz" in body]
    assert {"kubernetes token", "registry password", "registry token"} == set(
        environment.redactor.learned_secrets().values()
    )


@pytest.mark.parametrize(
    "declared",
    [
        {"cluster": dict.fromkeys(("api", "namespace", "deployment"))},
        {"cluster": {"digest": None}},
        {"registry": {"url": None}},
        {"pipeline": {"commit": None}},
    ],
    ids=["no cluster", "no digest", "no registry", "no commit"],
)
def test_what_is_not_declared_is_not_proven(
    servers: StandinServers, tmp_path: Path, declared: Mapping[str, Mapping[str, Any]]
) -> None:
    """The gaps name the keys; the rule says what to do where there is no such thing."""
    ((section, keys),) = declared.items()
    found = servers.new_environment(tmp_path).run_checks(declared)
    errors = [result.error for result in found.values() if result.word == "not proven"]
    assert errors
    assert not [one for one in found.values() if one.word == "failed"]
    for error in errors:
        assert isinstance(error, NotProven)
        assert {gap.subject for gap in error.gaps} == {
            f"targets.tried.infrastructure.{section}.{key}" for key in keys
        }
        assert {gap.rule for gap in error.gaps} <= DECLARED
        assert all("not_applicable" in gap.rule.fix for gap in error.gaps)


# ── the database cluster ──


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if fault in ALWAYS else [pytest.mark.thorough])
        for name, fault in OF_THE_DATABASE.items()
    ],
)
def test_its_check_of_the_database_catches(
    name: str, cluster: hospitals.Cluster, tmp_path: Path
) -> None:
    with place_database(cluster, name, tmp_path) as place:
        fault = OF_THE_DATABASE[name]()
        fault.harm(place)
        wrong = find_problems(type(fault), CheckResults(run_database_checks(place, tmp_path)))
    assert not wrong, "\n".join(wrong)


def test_without_a_fault_the_database_cluster_is_sound(
    cluster: hospitals.Cluster, tmp_path: Path
) -> None:
    with place_database(cluster, "unharmed", tmp_path) as place:
        found = run_database_checks(place, tmp_path)
    assert {name: one for name, one in found.items() if one.word != "passed"} == {}


# ── the catalogue is whole ──


def test_every_check_has_a_fault_that_it_catches() -> None:
    """A check that nothing ever fails proves nothing."""
    caught = {fault.check for fault in BY_NAME.values()} | {
        fault.check for fault in OF_THE_DATABASE.values()
    }
    assert caught == checks(*FILES, ROLLBACK, DATABASE).keys()


@pytest.mark.parametrize("name", [*BY_NAME, *OF_THE_DATABASE])
def test_a_fault_names_the_item_of_its_check(name: str) -> None:
    fault = BY_NAME[name] if name in BY_NAME else OF_THE_DATABASE[name]
    assert fault.item in _tied()[fault.check]


@cache
def _tied() -> Mapping[str, frozenset[str]]:
    """Return the items of each check of `smoke/infrastructure`."""
    return {
        check.check.rpartition("::")[2]: frozenset(
            item.id for item in PLAN.items_of_groups(check.groups)
        )
        for check in build_inventory(SuiteFolders(hospitals.ROOT)).checks
        if check.check.startswith("smoke/infrastructure/")
    }
