"""A stand-in for a cluster's API server.

It is no Kubernetes: it tells what a test laid into it, over TLS, to whoever brings the token.

It speaks the paths, lists, selectors and discovery that the official client and `kubectl get … -o
name` ask for, and nothing more.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.standins.https_server import Authority, QuietHandler, running_https_server

Object = dict[str, Any]
RESOURCES: Mapping[str, Mapping[str, tuple[str, str, list[str]]]] = {
    "api/v1": {
        "pods": ("Pod", "pod", ["po"]),
        "secrets": ("Secret", "secret", []),
        "configmaps": ("ConfigMap", "configmap", ["cm"]),
        "events": ("Event", "event", ["ev"]),
        "resourcequotas": ("ResourceQuota", "resourcequota", ["quota"]),
    },
    "apis/autoscaling/v2": {
        "horizontalpodautoscalers": ("HorizontalPodAutoscaler", "horizontalpodautoscaler", ["hpa"])
    },
    "apis/apps/v1": {
        "deployments": ("Deployment", "deployment", ["deploy"]),
        "replicasets": ("ReplicaSet", "replicaset", ["rs"]),
    },
    "apis/policy/v1": {
        "poddisruptionbudgets": ("PodDisruptionBudget", "poddisruptionbudget", ["pdb"])
    },
    "apis/networking.k8s.io/v1": {"ingresses": ("Ingress", "ingress", ["ing"])},
    "apis/gateway.networking.k8s.io/v1": {"httproutes": ("HTTPRoute", "httproute", [])},
    "apis/networking.istio.io/v1beta1": {
        "virtualservices": ("VirtualService", "virtualservice", ["vs"])
    },
    "apis/argoproj.io/v1alpha1": {"rollouts": ("Rollout", "rollout", ["ro"])},
}
"""Group and version → plural → kind, singular, short names."""
_PATH = re.compile(
    r"/(?P<group>api/v1|apis/[\w.]+/v\w+)/namespaces/(?P<namespace>[^/]+)/(?P<plural>\w+)(?:/(?P<name>[^/]+))?"
)


@dataclass
class KubernetesApi:
    """`objects`: plural → what there is of it. `forbidden`: plurals that the token may not read.

    `given_out` are the bodies that it answered with, for what must never be asked for.
    """

    url: str = ""
    ca_file: str = ""
    token: str = "t0ken-of-the-cluster"
    objects: dict[str, list[Object]] = field(default_factory=dict)
    forbidden: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)
    given_out: list[bytes] = field(default_factory=list)

    def answer(self, path: str, query: Mapping[str, str], accept: str) -> tuple[int, Object]:
        """What an API server says to this request."""
        if (found := _discovery(path.strip("/"))) is not None:
            return 200, found
        match = _PATH.fullmatch(path)
        if not match or match["plural"] not in RESOURCES.get(match["group"], {}):
            return 404, _status(404, "NotFound", "the server could not find the requested resource")
        group, plural, name = match["group"], match["plural"], match["name"]
        if plural in self.forbidden:
            return 403, _status(
                403, "Forbidden", f"{plural} is forbidden: the user cannot list {plural}"
            )
        of_the_namespace = [
            one
            for one in self.objects.get(plural, [])
            if one["metadata"]["namespace"] == match["namespace"]
        ]
        kind, version = (
            RESOURCES[group][plural][0],
            group.removeprefix("apis/").removeprefix("api/"),
        )
        if name:
            one = next((one for one in of_the_namespace if one["metadata"]["name"] == name), None)
            return (
                (200, {"apiVersion": version, "kind": kind, **one})
                if one
                else (404, _status(404, "NotFound", f'{plural} "{name}" not found'))
            )
        items = [
            {"apiVersion": version, "kind": kind, **one}
            for one in of_the_namespace
            if _found(one, query)
        ]
        if "as=PartialObjectMetadataList" in accept:
            return 200, {
                "apiVersion": "meta.k8s.io/v1",
                "kind": "PartialObjectMetadataList",
                "metadata": {},
                "items": [{"metadata": one["metadata"]} for one in items],
            }
        return 200, {
            "apiVersion": version,
            "kind": f"{kind}List",
            "metadata": {"resourceVersion": "1"},
            "items": copy.deepcopy(items),
        }


def _found(one: Object, query: Mapping[str, str]) -> bool:
    labels = one["metadata"].get("labels") or {}
    wanted = [part for part in re.split(r",(?![^(]*\))", query.get("labelSelector", "")) if part]
    of_type = query.get("fieldSelector", "").removeprefix("type=")
    return all(_meets(part, labels) for part in wanted) and (
        not of_type or one.get("type") == of_type
    )


def _meets(part: str, labels: Mapping[str, str]) -> bool:
    if listed := re.fullmatch(r"(\S+) (in|notin) \((.*)\)", part):
        return (labels.get(listed[1]) in listed[3].split(",")) == (listed[2] == "in")
    if "=" in part:
        key, _, value = part.partition("=")
        return labels.get(key) == value
    return (part.removeprefix("!") in labels) != part.startswith("!")


def _status(code: int, reason: str, message: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Status",
        "metadata": {},
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }


def _discovery(path: str) -> Object | None:
    """What there is, as kubectl asks for it before anything else."""
    groups = [name.removeprefix("apis/") for name in RESOURCES if name.startswith("apis/")]
    if path == "version":
        return {"major": "1", "minor": "31", "gitVersion": "v1.31.0-stand-in"}
    if path == "api":
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if path == "apis":
        return {
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": [_group(name) for name in groups],
        }
    if path in RESOURCES:
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": path.removeprefix("apis/").removeprefix("api/"),
            "resources": [
                {
                    "name": plural,
                    "singularName": singular,
                    "namespaced": True,
                    "kind": kind,
                    "verbs": ["get", "list"],
                    "shortNames": short,
                }
                for plural, (kind, singular, short) in RESOURCES[path].items()
            ],
        }
    return None


def _group(group_version: str) -> Object:
    name, _, number = group_version.partition("/")
    version = {"groupVersion": group_version, "version": number}
    return {"name": name, "versions": [version], "preferredVersion": version}


@contextmanager
def kubernetes_api(authority: Authority) -> Iterator[KubernetesApi]:
    """The server, empty, until the block ends."""
    stand_in = KubernetesApi(ca_file=str(authority.ca_file))

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            stand_in.asked.append(self.path)
            if self.headers.get("Authorization") != f"Bearer {stand_in.token}":
                status, told = 401, _status(401, "Unauthorized", "Unauthorized")
            else:
                query = {key: values[0] for key, values in parse_qs(parts.query).items()}
                status, told = stand_in.answer(parts.path, query, self.headers.get("Accept", ""))
            body = json.dumps(told).encode()
            stand_in.given_out.append(body)
            self.reply(status, body, {"Content-Type": "application/json"})

    with running_https_server(Handler, authority) as stand_in.url:
        yield stand_in
