"""A cluster's API, asked through the official client: all that belongs to one deployment, in one
look.

Of a Secret only its metadata are asked for. The token is read anew for each request, for a cluster
renews it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.util.concurrency import (
    QUESTION_TIMEOUT_SECONDS,
    ObjectNotFound,
    run_concurrently,
    run_until_deadline,
)
from cutover_gates.util.http import ERROR_TEXT_LIMIT, SourceUnavailable, redact_url
from cutover_gates.util.http_services import read_token
from cutover_gates.util.kubernetes_notation import format_selector

_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_HINTS = {401: "is the token in token_file still valid?", 403: "the token may not read them"}


@dataclass(frozen=True)
class DeploymentState:
    """`parts`: deployment, pods, replica_sets, budgets, and releases (Helm's secrets, without their
    data). What could not be had is why.
    """

    parts: Mapping[str, Any]

    def get_part(self, part: str) -> Any:
        """An object of the client's, or a list of them.

        Raises `TelemetrySilent`, and `NotThere` for a deployment that is none.
        """
        found = self.parts[part]
        if isinstance(found, SourceUnavailable):
            raise type(found)(str(found))
        return found


def load_client() -> None:
    """Before the clock runs, and only where a cluster is asked: on a busy machine it takes seconds,
    and they are no time of the cluster's.
    """
    # Each is loaded when it is named.
    from kubernetes.client import (
        AppsV1Api,  # noqa: F401  # each is loaded when it is named
        CoreV1Api,  # noqa: F401  # each is loaded when it is named
        PolicyV1Api,  # noqa: F401  # each is loaded when it is named
        V1PodList,  # noqa: F401  # each is loaded when it is named
    )


class DeploymentClient:
    """Asks for one deployment.

    `ca_file` and `token_file` are paths that can be opened; `redactor` learns the token.
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

    def load_state(self) -> DeploymentState:
        """All of it within the bound: first the deployment, which says what its pods are, and then
        the rest at the same time.
        """
        load_client()
        ends = time.monotonic() + self._seconds
        deployment = run_until_deadline(
            lambda: self._call("deployment", self._read_deployment), ends, self._seconds, self._name
        )
        others = ("pods", "replica_sets", "budgets", "releases")
        if isinstance(deployment, SourceUnavailable):
            return DeploymentState(dict.fromkeys(("deployment", *others), deployment))
        asks: dict[str, Callable[[Any], Any]] = {
            "pods": partial(
                self._list_objects,
                "CoreV1Api",
                "list_namespaced_pod",
                format_selector(deployment.spec.selector),
            ),
            "replica_sets": partial(
                self._list_objects,
                "AppsV1Api",
                "list_namespaced_replica_set",
                format_selector(deployment.spec.selector),
            ),
            "budgets": partial(
                self._list_objects, "PolicyV1Api", "list_namespaced_pod_disruption_budget", None
            ),
            "releases": self._list_releases,
        }
        found = run_concurrently(
            partial(
                run_until_deadline,
                partial(self._call, part.replace("_", " "), asks[part]),
                ends,
                self._seconds,
                self._name,
            )
            for part in others
        )
        return DeploymentState({"deployment": deployment, **dict(zip(others, found, strict=True))})

    def _read_deployment(self, client: Any) -> Any:
        from kubernetes.client import AppsV1Api
        from kubernetes.client.exceptions import ApiException

        where, name = self._namespace, str(self._settings.deployment)
        try:
            return AppsV1Api(client).read_namespaced_deployment(
                name, where, _request_timeout=self._seconds
            )
        except ApiException as refused:
            if refused.status == 404:
                raise ObjectNotFound(
                    f"the namespace {where} has no deployment {name}; see kubectl -n {where} get"
                    " deployments"
                ) from None
            raise

    def _list_objects(self, group: str, method: str, selector: str | None, client: Any) -> Any:
        import kubernetes.client

        options = {"label_selector": selector} if selector else {}
        ask = getattr(getattr(kubernetes.client, group)(client), method)
        return ask(self._namespace, _request_timeout=self._seconds, **options).items

    def _list_releases(self, client: Any) -> Any:
        """What Helm keeps of the release: one secret a revision.

        Its data hold every value of the chart, and are not asked for.
        """
        from kubernetes.client import CoreV1Api

        if self._settings.helm_release is None:
            return []
        client.set_default_header("Accept", _METADATA)
        return (
            CoreV1Api(client)
            .list_namespaced_secret(
                self._namespace,
                label_selector=f"owner=helm,name={self._settings.helm_release}",
                field_selector="type=helm.sh/release.v1",
                _request_timeout=self._seconds,
            )
            .items
        )

    def _call(self, what: str, ask: Callable[[Any], Any]) -> Any:
        """Each question has a client of its own: its threads and connections end with it.

        Raises `TelemetrySilent`.
        """
        from kubernetes.client import ApiClient
        from kubernetes.client.exceptions import ApiException

        try:
            with ApiClient(self._create_configuration()) as client:
                return _require_complete(ask(client))
        except SourceUnavailable:
            raise
        except ApiException as refused:
            if not refused.status:  # the client's word for what never came to an answer
                raise SourceUnavailable(self._format_failure(what, str(refused.reason))) from None
            raise SourceUnavailable(
                f"{self._name}, asked for {what}, answered {refused.status}: {self._format_reason(refused)}"
            ) from None
        except Exception as error:  # of urllib3, or of pydantic where the answer is no such object
            raise SourceUnavailable(
                self._format_failure(what, str(error) or type(error).__name__)
            ) from None

    def _format_failure(self, what: str, why: str) -> str:
        return (
            f"{self._name} cannot be asked for {what}:"
            f" {' '.join(self._redactor.redact_text(why).split())[:ERROR_TEXT_LIMIT]}"
        )

    def _format_reason(self, refused: Any) -> str:
        try:
            said = json.loads(refused.body)["message"]
        except (KeyError, TypeError, ValueError):
            said = refused.reason or "no reason"
        return (
            _HINTS.get(refused.status) or self._redactor.redact_text(str(said))[:ERROR_TEXT_LIMIT]
        )

    def _create_configuration(self) -> Any:
        from kubernetes.client import Configuration

        configuration = Configuration(host=(self._settings.api or "").rstrip("/"))
        configuration.ssl_ca_cert = str(self._ca_file) if self._ca_file else None
        configuration.retries = False  # the client would ask a dead server four times
        configuration.proxy = (
            None  # nor does anything else here go by what the environment says of proxies
        )
        configuration.api_key["authorization"] = (
            f"Bearer {read_token(self._token_file, 'kubernetes token', self._redactor)}"
        )
        return configuration


def _require_complete(told: Any) -> Any:
    """An object or a list of them, as it is.

    Raises `ValueError` where one lacks a part that every such object of a cluster has.
    """
    for one in told if isinstance(told, list) else [told]:
        lacking = [
            part for part in ("metadata", "spec", "status") if getattr(one, part, told) is None
        ]
        if lacking:
            raise ValueError(f"one of them has no {' and no '.join(lacking)}")
    return told
