"""A cluster's API, through the official client: all that belongs to one deployment, in one query.

Of a Secret only the metadata are requested. The token is read for each request, since a cluster
renews it. The official client takes 1.8 s to load, so each function imports it where it is needed:
only targets with a declared cluster pay for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.core.bounded_json import parse_json
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.findings import Finding
from cutover_gates.probes.deployment.deployment_context import ObjectNotFound
from cutover_gates.probes.deployment.kubernetes import rules
from cutover_gates.probes.deployment.kubernetes.helm_manifest import read_release_images
from cutover_gates.probes.deployment.kubernetes.model import DeploymentState, require_complete
from cutover_gates.util.concurrency import (
    QUESTION_TIMEOUT_SECONDS,
    run_concurrently,
    run_until_deadline,
)
from cutover_gates.util.http import ERROR_TEXT_LIMIT, SourceUnavailable, redact_url
from cutover_gates.util.http_services import read_token
from cutover_gates.util.kubernetes_notation import format_selector
from cutover_gates.util.urllib3_bounds import bound_pools

_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
OTHER_PARTS = ("pods", "replica_sets", "budgets", "releases", "release_images")
"""What belongs to a deployment, and can be asked for once it is known."""
_HINTS = {401: "is the token in token_file still valid?", 403: "the token may not read them"}

Query = Callable[[Any], Any]
"""Takes the official `ApiClient` (which has no types) and returns objects of its models."""


def load_client() -> None:
    """Load the official client before the time bound begins: it is no time of the cluster's."""
    # The package loads each class when it is named first.
    from kubernetes.client import (
        AppsV1Api,  # noqa: F401  # see above
        CoreV1Api,  # noqa: F401  # see above
        PolicyV1Api,  # noqa: F401  # see above
        V1PodList,  # noqa: F401  # see above
    )


class DeploymentClient:
    """Reads the state of one deployment.

    `ca_file` and `token_file` are paths that can be opened. The redactor learns the token.
    """

    def __init__(
        self,
        settings: ClusterSettings,
        ca_file: Path | None,
        token_file: Path,
        redactor: Redactor,
        seconds: float = QUESTION_TIMEOUT_SECONDS,
    ) -> None:
        self._settings, self._ca_file, self._token_file = settings, ca_file, token_file
        self._redactor, self._seconds = redactor, seconds
        self._name, self._namespace = redact_url(settings.api or ""), str(settings.namespace)

    def load_state(self, others: Sequence[str] = OTHER_PARTS) -> DeploymentState:
        """Return the state, or what could be read of it within the time bound.

        First the deployment, which says what its pods are, then the `others` at the same time.
        """
        load_client()
        ends = time.monotonic() + self._seconds
        deployment = self._run(ends, "deployment", self._read_deployment)
        # Without it nothing says which pods and replica sets are its own.
        if isinstance(deployment, SourceUnavailable):
            return DeploymentState(dict.fromkeys(("deployment", *others), deployment))
        selector = format_selector(deployment.spec.selector)
        queries: dict[str, Query] = {
            "pods": partial(self._list_pods, selector),
            "replica_sets": partial(self._list_replica_sets, selector),
            "budgets": self._list_budgets,
            "releases": self._list_releases,
            "release_images": self._read_release_images,
        }
        found = run_concurrently(partial(self._run, ends, part, queries[part]) for part in others)
        return DeploymentState({"deployment": deployment, **dict(zip(others, found, strict=True))})

    def _run(self, ends: float, part: str, query: Query) -> Any:
        what = part.replace("_", " ")
        call = partial(self._call, what, query)
        return run_until_deadline(call, ends, self._seconds, self._name)

    def _read_deployment(self, client: Any) -> Any:
        from kubernetes.client import AppsV1Api
        from kubernetes.client.exceptions import ApiException

        name = str(self._settings.deployment)
        try:
            return AppsV1Api(client).read_namespaced_deployment(
                name, self._namespace, _request_timeout=self._seconds
            )
        except ApiException as error:
            # Any other status says nothing about the deployment.
            if error.status != 404:
                raise
            raise ObjectNotFound(self._missing_deployment(name)) from None

    def _missing_deployment(self, name: str) -> Finding:
        return Finding(
            rules.DEPLOYMENT_EXISTS,
            name,
            f"a deployment in the namespace {self._namespace}",
            "none",
            f"kubectl -n {self._namespace} get deployments",
        )

    def _list_pods(self, selector: str, client: Any) -> Any:
        from kubernetes.client import CoreV1Api

        pods = CoreV1Api(client).list_namespaced_pod
        return pods(self._namespace, label_selector=selector, _request_timeout=self._seconds).items

    def _list_replica_sets(self, selector: str, client: Any) -> Any:
        from kubernetes.client import AppsV1Api

        replica_sets = AppsV1Api(client).list_namespaced_replica_set
        return replica_sets(
            self._namespace, label_selector=selector, _request_timeout=self._seconds
        ).items

    def _list_budgets(self, client: Any) -> Any:
        from kubernetes.client import PolicyV1Api

        budgets = PolicyV1Api(client).list_namespaced_pod_disruption_budget
        return budgets(self._namespace, _request_timeout=self._seconds).items

    def _list_releases(self, client: Any) -> Any:
        """Return Helm's secrets of the release, one for each revision, without their data.

        The data hold every value of the chart, and are not requested.
        """
        from kubernetes.client import CoreV1Api

        if self._settings.helm_release is None:
            return []
        # Of this client alone: each query has one of its own.
        client.set_default_header("Accept", _METADATA)
        secrets = CoreV1Api(client).list_namespaced_secret
        return secrets(
            self._namespace,
            label_selector=f"owner=helm,name={self._settings.helm_release}",
            field_selector="type=helm.sh/release.v1",
            _request_timeout=self._seconds,
        ).items

    def _read_release_images(self, client: Any) -> Any:
        """Return the images of each Helm revision that a rollback may go to."""
        return read_release_images(self._settings, self._list_releases(client), self.ask)

    def ask(self, what: str, query: Query) -> Any:
        """Return what a query finds, or the error that says why it finds nothing."""
        load_client()
        return self._run(time.monotonic() + self._seconds, what, query)

    def _call(self, what: str, query: Query) -> Any:
        """Run the query with a client of its own, whose threads and connections end with it.

        Raises `SourceUnavailable`.
        """
        from kubernetes.client import ApiClient
        from kubernetes.client.exceptions import ApiException

        try:
            with ApiClient(self._create_configuration()) as client:
                # The client itself reads and decodes without a bound.
                bound_pools(client.rest_client.pool_manager)
                return require_complete(query(client))
        except SourceUnavailable:
            raise
        except ApiException as error:
            reason = self._describe_failure(what, error)
        except Exception as error:  # of urllib3, or of pydantic where the answer is another object
            reason = self._describe_silence(what, str(error) or type(error).__name__)
        # Outside of the except block: the frames of the client hold the token.
        raise SourceUnavailable(reason, self._name)

    def _describe_failure(self, what: str, error: Any) -> str:
        if not error.status:  # the client's way to say that no answer came
            return self._describe_silence(what, str(error.reason))
        reason = _HINTS.get(error.status) or self._find_message(error)
        return f"answered {error.status} for {what}: {reason}"

    def _describe_silence(self, what: str, why: str) -> str:
        text = " ".join(self._redactor.redact_text(why).split())[:ERROR_TEXT_LIMIT]
        return f"cannot be asked for {what}: {text}"

    def _find_message(self, error: Any) -> str:
        try:
            text = parse_json(error.body)["message"]
        except (KeyError, TypeError, ValueError):
            text = error.reason or "no reason"
        return self._redactor.redact_text(str(text))[:ERROR_TEXT_LIMIT]

    def _create_configuration(self) -> Any:
        from kubernetes.client import Configuration

        configuration = Configuration(host=(self._settings.api or "").rstrip("/"))
        configuration.ssl_ca_cert = str(self._ca_file) if self._ca_file else None
        configuration.retries = False  # the client would ask a dead server four times
        configuration.proxy = None  # as everywhere here: the environment's proxies are not used
        token = read_token(self._token_file, "kubernetes token", self._redactor)
        configuration.api_key["authorization"] = f"Bearer {token}"
        return configuration
