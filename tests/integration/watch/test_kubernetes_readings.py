"""The deployment as a source of the triggers, by the real client against a stand-in of the API."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.triggers.evaluation import Evaluation, HealthReading, ProbeAnswer
from cutover_gates.core.triggers.trigger_limits import TriggerLimits
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_names import INSTANCE, SignalSource
from cutover_gates.probes.deployment.kubernetes.client import DeploymentClient, load_client
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.watch.kubernetes_readings import PARTS, KubernetesReadings
from cutover_gates.watch.pod_health import PodHealth
from cutover_gates.watch.reading_sources import SourceReader
from cutover_gates.watch.time_spans import Span
from cutover_gates.watch.trigger_feed import HealthProbe, TriggerFeed
from tests.faults.deployment.deployment_environment import (
    DeploymentEnvironment,
    StandinServers,
    standin_servers,
)
from tests.standins.deployment_objects import IMAGE, NAME, ago, pod

NEW, NEWER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
ADDRESS = "127.0.0.9"
INSTANCE_NAME = f"{ADDRESS}:8000"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandinServers]:
    load_client()
    with standin_servers(tmp_path_factory.mktemp("standins")) as servers:
        yield servers


@pytest.fixture
def cluster(servers: StandinServers, tmp_path: Path) -> DeploymentEnvironment:
    """The release before runs in three pods, each with an address."""
    environment = servers.new_environment(tmp_path)
    pods = [pod(f"{NAME}-{number}", environment.previous) for number in range(3)]
    for number, each in enumerate(pods):
        each["status"]["podIP"] = f"127.0.0.{number + 8}"
    environment.kubernetes.objects["pods"] = pods
    environment.write_pipeline_files()
    return environment


def open_source(
    cluster: DeploymentEnvironment, told: list[str] | None = None, **changed: Any
) -> KubernetesReadings:
    table = {**cluster.settings({})["cluster"], **changed}
    settings = ClusterSettings.model_validate(table)
    client = DeploymentClient(settings, settings.ca_file, settings.token_file, Redactor(), 5)
    tell = (told if told is not None else []).append
    return KubernetesReadings(settings, lambda: client.load_state(PARTS), [INSTANCE_NAME], tell)


def pods_of(cluster: DeploymentEnvironment) -> list[dict[str, Any]]:
    return cluster.kubernetes.objects["pods"]


def add_pod(cluster: DeploymentEnvironment, name: str, digest: str, minutes: float) -> None:
    """Add a pod that was made so many minutes ago."""
    made = pod(name, digest)
    made["metadata"]["creationTimestamp"] = ago(minutes=minutes)
    pods_of(cluster).append(made)


def test_only_the_deployment_and_its_pods_are_asked_for(cluster: DeploymentEnvironment) -> None:
    open_source(cluster).read(0)
    assert len(cluster.kubernetes.asked) == 2
    assert not [path for path in cluster.kubernetes.asked if "secrets" in path]


def test_a_pod_that_is_deleted_terminates_and_stays_so(cluster: DeploymentEnvironment) -> None:
    """Its address is asked on: after it is gone a refusal is no failure, either (hazard 35)."""
    source = open_source(cluster)
    assert not source.read(0).readings
    pods_of(cluster)[1]["metadata"]["deletionTimestamp"] = ago(seconds=1)
    for _ in range(2):
        (reading,) = source.read(0).readings
        assert isinstance(reading, HealthReading)
        assert reading.terminating
        assert reading.key.subject == f"{INSTANCE}{INSTANCE_NAME}"
        assert source.list_terminating() == {f"{NAME}-1", ADDRESS}
        # Now it is gone.
        pods_of(cluster)[:] = [
            one for one in pods_of(cluster) if "-1" not in one["metadata"]["name"]
        ]
    taken_over = pod(f"{NAME}-9", cluster.previous)
    taken_over["status"]["podIP"] = ADDRESS
    pods_of(cluster).append(taken_over)
    assert not source.read(0).readings


def test_a_pod_that_crashes_does_not_terminate(cluster: DeploymentEnvironment) -> None:
    told: list[str] = []
    source = open_source(cluster, told)
    source.read(0)
    status = pods_of(cluster)[1]["status"]["containerStatuses"][0]
    status.update(ready=False, restartCount=2)
    assert not source.read(0).readings
    assert told == [
        f"container backend of the pod {NAME}-1 was restarted (2 times, 2 in all)",
        f"the pod {NAME}-1 is not ready",
    ]
    status.update(ready=True)
    source.read(0)
    source.read(0)
    assert told[2:] == [f"the pod {NAME}-1 is ready again"]


def run_night(source: KubernetesReadings, cluster: DeploymentEnvironment) -> TriggerMachine:
    """Return the machine after six failed health checks of an instance; the pod ends at the third."""
    feed, machine = TriggerFeed("2.0.0"), TriggerMachine(TriggerLimits(evaluate_seconds=5))
    reader = SourceReader((source,), 5, lambda _about, _reason: None)
    for number in range(1, 20):
        at = 5.0 * number
        is_ready = number < 10
        feed.add_health(HealthProbe(INSTANCE_NAME, at - 2, Span(at - 2, at - 1.9), is_ready))
        if number == 12:
            pods_of(cluster)[1]["metadata"]["deletionTimestamp"] = ago(seconds=1)
        machine.evaluate(reader.add_readings(feed.evaluate(at, 5)))
    return machine


# The rollouts of tests/faults/watch try the same with a real watcher.
@pytest.mark.thorough
def test_an_instance_that_is_taken_away_fires_nothing_and_a_dead_one_does(
    cluster: DeploymentEnvironment,
) -> None:
    assert not run_night(open_source(cluster), cluster).firings
    other = open_source(cluster)
    other.instances = ()
    fired = run_night(other, cluster).firings
    assert [one.key.subject for one in fired] == [f"{INSTANCE}{INSTANCE_NAME}"]


def test_the_image_of_the_new_release_and_another_one_pushed_meanwhile(
    cluster: DeploymentEnvironment,
) -> None:
    """Hazard 47: what was seen of the first image is void."""
    told: list[str] = []
    source = open_source(cluster, told, digest=NEW)
    assert source.read(0).digest is None
    add_pod(cluster, "new-1", NEW, minutes=3)
    assert source.read(0).digest == NEW
    add_pod(cluster, "new-2", NEWER, minutes=1)
    assert source.read(0).digest == NEWER
    assert told == [f"another image of the new release runs: {NEWER}, before {NEW}"]


def test_another_number_of_pods_is_told(cluster: DeploymentEnvironment) -> None:
    """Hazard 46: an autoscaler sends the release before to its maximum, or to none."""
    told: list[str] = []
    source = open_source(cluster, told)
    source.read(0)
    cluster.kubernetes.objects["deployments"][0]["spec"]["replicas"] = 9
    source.read(0)
    source.read(0)
    assert told == ["the deployment wants 9 pods, before 3"]


def test_an_image_that_is_not_the_declared_one_is_told(cluster: DeploymentEnvironment) -> None:
    told: list[str] = []
    source = open_source(cluster, told, digest=NEW)
    add_pod(cluster, "new-1", NEWER, minutes=1)
    source.read(0)
    assert told == [f"the pods run {NEWER}, expected {NEW} (cluster.digest)"]


def test_without_a_declared_image_before_what_ran_first_is_the_release_before(
    cluster: DeploymentEnvironment,
) -> None:
    source = open_source(cluster, digest=NEW, previous_digest=None)
    assert source.read(0).digest is None
    add_pod(cluster, "new-1", NEW, minutes=1)
    assert source.read(0).digest == NEW


def test_an_api_that_refuses_is_not_heard(cluster: DeploymentEnvironment) -> None:
    cluster.kubernetes.forbidden = frozenset({"pods"})
    with pytest.raises(SourceUnavailable, match="403"):
        open_source(cluster).read(0)


class _Ready(BaseHTTPRequestHandler):
    status: ClassVar[int] = 200
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def pod_port() -> Iterator[int]:
    """A process that answers at a pod's address."""
    _Ready.status = 200
    with ThreadingHTTPServer(("127.0.0.9", 0), _Ready) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_a_pod_is_asked_at_its_address_as_its_probe_says(
    cluster: DeploymentEnvironment, pod_port: int
) -> None:
    source = open_source(cluster)
    source.probe_pods = PodHealth(IMAGE, 2).probe
    pods_of(cluster)[:] = pods_of(cluster)[1:2]
    own = pods_of(cluster)[0]["spec"]["containers"][0]
    own["ports"] = [{"name": "web", "containerPort": pod_port}]
    own["readinessProbe"] = {"httpGet": {"path": "/health/ready", "port": "web"}}

    def ask() -> list[tuple[str, ProbeAnswer, bool]]:
        found = [one for one in source.read(0).readings if isinstance(one, HealthReading)]
        of_pods = [one for one in found if one.key.source is SignalSource.KUBERNETES]
        return [(one.key.subject, one.result, one.terminating) for one in of_pods]

    subject = f"{INSTANCE}{NAME}-1"
    assert ask() == [(subject, ProbeAnswer.OK, False)]
    assert _Ready.asked[-1] == "/health/ready"
    _Ready.status = 503
    assert ask() == [(subject, ProbeAnswer.FAIL, False)]
    pods_of(cluster)[0]["metadata"]["deletionTimestamp"] = ago(seconds=1)
    assert ask() == [(subject, ProbeAnswer.NONE, True)]
    assert not ask()


def test_a_source_that_is_merged_says_the_digest_and_is_heard(
    cluster: DeploymentEnvironment,
) -> None:
    add_pod(cluster, "new-1", NEW, minutes=1)
    reader = SourceReader((open_source(cluster),), 5, lambda _about, _reason: None)
    found = reader.add_readings(Evaluation(1.0, (), {SignalSource.PROBES: True}))
    assert found.digest == NEW
    assert found.sources == {SignalSource.PROBES: True, SignalSource.KUBERNETES: True}
