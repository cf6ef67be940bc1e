"""Reads what a rollback leaves: all pods of the namespace, and the configuration of a template."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from cutover_gates.probes.deployment.kubernetes.client import DeploymentClient
from cutover_gates.probes.deployment.kubernetes.model import DeploymentState
from cutover_gates.probes.deployment.kubernetes.pod_configuration import (
    ObjectName,
    ObjectState,
    describe_object,
)
from cutover_gates.util.concurrency import run_concurrently
from cutover_gates.util.http import SourceUnavailable

PARTS = ("pods", "replica_sets")
NAMESPACE_PARTS = ("namespace_pods", "namespace_replica_sets")
ABSENT = ObjectState("")


class RollbackClient(DeploymentClient):
    """Reads one deployment, what else its namespace runs, and what its template names."""

    def load_rollback(self) -> DeploymentState:
        """Return the deployment's parts, with every pod and replica set of the namespace."""
        state = self.load_state(PARTS)
        queries = (self._list_all_pods, self._list_all_replica_sets)
        calls = (
            partial(self.ask, name, query)
            for name, query in zip(NAMESPACE_PARTS, queries, strict=True)
        )
        found = run_concurrently(calls)
        return DeploymentState({**state.parts, **dict(zip(NAMESPACE_PARTS, found, strict=True))})

    def load_objects(
        self, names: Iterable[ObjectName], salt: bytes
    ) -> dict[ObjectName, ObjectState | SourceUnavailable]:
        """Return the state of each object, or why it is not known. Values are hashed at once."""
        wanted = list(names)
        calls = (partial(self.ask, str(one), partial(self._read, one, salt)) for one in wanted)
        return dict(zip(wanted, run_concurrently(calls), strict=True))

    def write_plain(self, thing: Any) -> Any:
        """Return an object of the client as the API writes it."""
        from kubernetes.client import ApiClient, Configuration

        with ApiClient(Configuration()) as client:
            return client.sanitize_for_serialization(thing)

    def _read(self, name: ObjectName, salt: bytes, client: Any) -> ObjectState:
        from kubernetes.client import CoreV1Api
        from kubernetes.client.exceptions import ApiException

        api = CoreV1Api(client)
        read = {
            "ConfigMap": api.read_namespaced_config_map,
            "Secret": api.read_namespaced_secret,
        }[name.kind]
        try:
            found = read(name.name, self._namespace, _request_timeout=self._seconds)
        except ApiException as error:
            # Any other status says nothing about the object.
            if error.status == 404:
                return ABSENT
            raise
        except Exception as error:
            # The text of the client's own errors may show a value that it did not expect.
            reason = f"cannot be read: {type(error).__name__}"
        else:
            reason = ""
        if reason:
            raise SourceUnavailable(reason, str(name))
        return describe_object(client.sanitize_for_serialization(found), salt)

    def _list_all_pods(self, client: Any) -> Any:
        from kubernetes.client import CoreV1Api

        pods = CoreV1Api(client).list_namespaced_pod
        return pods(self._namespace, _request_timeout=self._seconds).items

    def _list_all_replica_sets(self, client: Any) -> Any:
        from kubernetes.client import AppsV1Api

        replica_sets = AppsV1Api(client).list_namespaced_replica_set
        return replica_sets(self._namespace, _request_timeout=self._seconds).items
