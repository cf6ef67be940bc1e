"""The environment that a fault harms: cluster, registry and pipeline, and their checks."""

from __future__ import annotations

import importlib
import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cutover_gates.config.infrastructure import Infrastructure
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.deployment.deployment_context import DeploymentContext
from cutover_gates.probes.deployment.kubernetes.assessments import KubernetesAssessments
from cutover_gates.probes.deployment.kubernetes.client import DeploymentClient
from cutover_gates.probes.deployment.kubernetes.configuration_record import load_record, save_record
from cutover_gates.probes.deployment.kubernetes.rollback_assessments import KubernetesRollback
from cutover_gates.probes.deployment.kubernetes.rollback_client import RollbackClient
from cutover_gates.probes.deployment.pipeline.assessments import PipelineAssessments
from cutover_gates.probes.deployment.registry.assessments import RegistryAssessments
from cutover_gates.probes.deployment.registry.client import RegistryRepository
from tests.faults.results import CheckResult, run_check
from tests.standins.deployment_objects import (
    HELM,
    IMAGE,
    NAME,
    NAMESPACE,
    deployment_objects,
    rolled_back_objects,
)
from tests.standins.https_server import Authority, authority
from tests.standins.kubernetes_api import KubernetesApi, kubernetes_api
from tests.standins.oci_registry import OciRegistry, oci_registry

TARGET, RELEASE, COMMIT = "tried", "2.0.0", "c0ffee" + "0" * 34
FILES = ("kubernetes", "registry", "pipeline")
ROLLBACK = "rollback"
"""The file of checks after a rollback: they need another cluster than those of `FILES`."""
OLDER = f"sha256:{'a' * 64}"
SECONDS = 5.0
"""The bound of a question here: a fault that is silent would cost more with the usual one."""


@dataclass
class DeploymentEnvironment:
    """A cluster, a registry and a pipeline without a fault.

    `run` is the record of the pipeline, `report` its coverage.xml; None: there is no file.
    """

    kubernetes: KubernetesApi
    registry: OciRegistry
    folder: Path
    digest: str
    previous: str
    run: dict[str, Any] | None
    report: str | None = None
    text: str | None = None
    redactor: Redactor = field(default_factory=Redactor)

    def settings(self, asked: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return `[targets.NAME.infrastructure]` with `asked` over the usual values."""
        token = self.folder / "token"
        token.write_text("t0ken-of-the-cluster\n", encoding="utf-8")
        usual: dict[str, dict[str, Any]] = {
            "cluster": {
                "api": self.kubernetes.url,
                "ca_file": self.kubernetes.ca_file,
                "token_file": str(token),
                "namespace": NAMESPACE,
                "deployment": NAME,
                "image": IMAGE,
                "digest": self.digest,
                "previous_digest": self.previous,
                "replicas": 3,
                "helm_release": HELM,
            },
            "registry": {
                "url": self.registry.url,
                "ca_file": self.registry.ca_file,
                "repository": "hospital/backend",
                "username": "puller",
            },
            "pipeline": {"file": "pipeline.json", "commit": COMMIT},
        }
        return {name: {**table, **asked.get(name, {})} for name, table in usual.items()}

    @property
    def record_path(self) -> Path:
        """The record of the configuration."""
        return self.folder / "configuration.json"

    def record_configuration(self) -> Assessment:
        """Record the configuration of the release before, as the gate t12 does."""
        self.kubernetes.objects = deployment_objects(self.previous, OLDER)
        return self._rollback(
            Infrastructure.model_validate(self.settings({})), []
        ).record_configuration()

    def roll_back(self) -> None:
        """Bring the cluster to where it is after a rollback; the record is an hour old."""
        assert not self.record_configuration().findings
        record = load_record(self.record_path)
        save_record(self.record_path, replace(record, taken=record.taken - 3600))
        self.kubernetes.objects = rolled_back_objects(self.digest, self.previous)

    def _rollback(self, declared: Infrastructure, seen: list[Assessment]) -> KubernetesRollback:
        cluster, context = declared.cluster, DeploymentContext(TARGET, seen.append)
        client = RollbackClient(
            cluster, cluster.ca_file, cluster.token_file, self.redactor, SECONDS
        )
        return KubernetesRollback(context, cluster, client, self.record_path)

    def write_pipeline_files(self) -> None:
        """Write the pipeline's files."""
        text = (
            self.text
            if self.text is not None
            else json.dumps(self.run)
            if self.run is not None
            else None
        )
        for name, content in (("pipeline.json", text), ("coverage.xml", self.report)):
            if content is not None:
                (self.folder / name).write_text(content, encoding="utf-8")

    def run_checks(
        self,
        asked: Mapping[str, Mapping[str, Any]],
        *files: str,
        seen: list[Assessment] | None = None,
    ) -> dict[str, CheckResult]:
        """Return how each check of these files ends, by its name; without names of all files."""
        self.write_pipeline_files()
        given = self._fixtures(
            Infrastructure.model_validate(self.settings(asked)), seen if seen is not None else []
        )
        return {name: run_check(check, given) for name, check in checks(*(files or FILES)).items()}

    def _fixtures(self, declared: Infrastructure, seen: list[Assessment]) -> dict[str, Any]:
        """Return the fixtures, as `plugin.fixtures.deployment` makes them."""
        cluster, context = declared.cluster, DeploymentContext(TARGET, seen.append)
        api = DeploymentClient(cluster, cluster.ca_file, cluster.token_file, self.redactor, SECONDS)

        def opened() -> RegistryRepository:
            assert declared.registry.url
            return RegistryRepository(
                declared.registry.url,
                declared.registry.repository or "",
                declared.registry.username,
                "pa55word-of-the-registry",
                ssl.create_default_context(cafile=declared.registry.ca_file),
                self.redactor,
                SECONDS,
            )

        return {
            "rollback_cluster": self._rollback(declared, seen),
            "cluster": KubernetesAssessments(context, cluster, api.load_state),
            "registry": RegistryAssessments(context, declared.registry, cluster, opened),
            "pipeline": PipelineAssessments(
                context, RELEASE, declared.pipeline, self.folder.joinpath, self.redactor
            ),
        }


def checks(*files: str) -> dict[str, Callable[..., None]]:
    """Return the checks of the suite's own files, by name."""
    modules = [importlib.import_module(f"smoke.infrastructure.test_{name}") for name in files]
    return {
        name: check
        for module in modules
        for name, check in vars(module).items()
        if name.startswith("test_")
    }


@dataclass(frozen=True)
class StandinServers:
    """The servers for all environments of a test process."""

    kubernetes: KubernetesApi
    registry: OciRegistry

    def new_environment(self, folder: Path) -> DeploymentEnvironment:
        """Return an environment without a fault and without traces of the one before."""
        fresh = OciRegistry(url=self.registry.url, ca_file=self.registry.ca_file)
        vars(self.registry).update(vars(fresh))
        digest, previous = self.registry.push("2.0.0"), self.registry.push("1.9.0", layers=3)
        anew = KubernetesApi(
            url=self.kubernetes.url,
            ca_file=self.kubernetes.ca_file,
            objects=deployment_objects(digest, previous),
        )
        vars(self.kubernetes).update(vars(anew))
        run = {
            "commit": COMMIT,
            "release": RELEASE,
            "result": "success",
            "suites": dict.fromkeys(("unit", "integration", "security"), "success"),
            "coverage": {"percent": 83.1},
            "finished": datetime.now(UTC).isoformat(),
        }
        return DeploymentEnvironment(self.kubernetes, self.registry, folder, digest, previous, run)


@contextmanager
def standin_servers(folder: Path) -> Iterator[StandinServers]:
    signed: Authority = authority(folder)
    with kubernetes_api(signed) as kubernetes, oci_registry(signed) as registry:
        yield StandinServers(kubernetes, registry)
