"""The weights of both releases, read from the object of the cluster that deals the traffic.

Each kind writes them in its own way:

- an HTTPRoute of the Gateway API at `backendRefs` (one without a weight has 1),
- a canary ingress of ingress-nginx in annotations (out of 100, or of `canary-weight-total`),
- a VirtualService of Istio at the destinations of its routes (a single one has 100),
- a Rollout of Argo in `status.canary.weights`, by the hash of the pods: after the promotion the new
  release is the stable one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NGINX = "nginx.ingress.kubernetes.io/canary"
Object = Mapping[str, Any]


@dataclass(frozen=True)
class RouteWeight:
    """The weight of the new release in one part of a route. `total` is that of both releases.

    `problem` says why there is none; then both are 0.
    """

    part: str
    new: float = 0.0
    total: float = 0.0
    problem: str = ""


@dataclass(frozen=True)
class RouteKind:
    """Where a kind of route stands in the API, and how its weights are read.

    `read` gets the object and the name of the new release's backend.
    """

    group: str
    version: str
    plural: str
    read: Callable[[Object, str], Iterator[RouteWeight]]


def read_weights(kind: str, found: Object, new_backend: str) -> list[RouteWeight]:
    """Return the weights of each part of a route that deals by weight; at least one entry.

    What has another form than its kind has becomes an entry with a problem.
    """
    try:
        weights = list(KINDS[kind].read(found, new_backend))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return [RouteWeight("", problem=f"it has not the form of its kind ({error!r})")]
    return weights or [RouteWeight("", problem="no part of it deals by weight")]


def _read_http_route(found: Object, new_backend: str) -> Iterator[RouteWeight]:
    parts = []
    for number, rule in enumerate(found["spec"].get("rules") or [], start=1):
        backends = rule.get("backendRefs") or []
        if backends and not _is_pinned(rule.get("matches")):
            named = [(str(each["name"]), each.get("weight", 1)) for each in backends]
            parts.append((f"rule {number}", named))
    return _find_shares(parts, new_backend)


def _read_virtual_service(found: Object, new_backend: str) -> Iterator[RouteWeight]:
    parts = []
    for number, route in enumerate(found["spec"].get("http") or [], start=1):
        backends = route.get("route") or []
        if backends and not _is_pinned(route.get("match")):
            default = 100 if len(backends) == 1 else 0
            names = [_name_destination(each["destination"], new_backend) for each in backends]
            weights = [each.get("weight") or default for each in backends]
            parts.append((f"route {number}", list(zip(names, weights, strict=True))))
    return _find_shares(parts, new_backend)


def _name_destination(destination: Object, new_backend: str) -> str:
    """Return the name by which a destination is told: its subset, else its service."""
    if destination.get("subset") == new_backend:
        return new_backend
    host = str(destination["host"])
    return host if host == new_backend else host.partition(".")[0]


def _find_shares(
    parts: Sequence[tuple[str, Sequence[tuple[str, float]]]], new_backend: str
) -> Iterator[RouteWeight]:
    names = {name for _, backends in parts for name, _ in backends}
    # A name that is mistyped has no weight anywhere: that is no weight of 0.
    if parts and new_backend not in names:
        listed = ", ".join(sorted(names))
        yield RouteWeight("", problem=f"it has no backend {new_backend}; it has {listed}")
        return
    for part, backends in parts:
        total = sum(weight for _, weight in backends)
        new = sum(weight for name, weight in backends if name == new_backend)
        yield RouteWeight(part, new, total, "" if total > 0 else "all of its weights are 0")


def _is_pinned(matches: Sequence[Object] | None) -> bool:
    """Return whether only requests with a certain header or parameter take this part."""
    return bool(matches) and all(
        each.get("headers") or each.get("queryParams") for each in matches or ()
    )


def _read_ingress(found: Object, _new_backend: str) -> Iterator[RouteWeight]:
    notes = found["metadata"].get("annotations") or {}
    if notes.get(NGINX) != "true":
        yield RouteWeight("", problem=f"its annotation {NGINX} is not true: it is no canary")
        return
    total = float(notes.get(f"{NGINX}-weight-total") or 100)
    yield RouteWeight("", float(notes.get(f"{NGINX}-weight") or 0), total)


def _read_argo_rollout(found: Object, _new_backend: str) -> Iterator[RouteWeight]:
    status = found["status"]
    weights = (status.get("canary") or {}).get("weights")
    if not weights:
        yield RouteWeight("", problem="it has no status.canary.weights: no traffic routing")
        return
    if weights.get("verified") is False:
        yield RouteWeight("", problem="the load balancer has not taken the weights (verified)")
        return
    parts = [weights["canary"], weights["stable"], *(weights.get("additional") or [])]
    new = sum(each["weight"] for each in parts if _is_current(each, status))
    yield RouteWeight("", new, sum(each["weight"] for each in parts))


def _is_current(destination: Object, status: Object) -> bool:
    return bool(destination["podTemplateHash"] == status["currentPodHash"])


KINDS: Mapping[str, RouteKind] = {
    "httproute": RouteKind("gateway.networking.k8s.io", "v1", "httproutes", _read_http_route),
    "ingress": RouteKind("networking.k8s.io", "v1", "ingresses", _read_ingress),
    # v1beta1: Istio serves it since 1.5, v1 only since 1.22, and both have the same fields.
    "virtualservice": RouteKind(
        "networking.istio.io", "v1beta1", "virtualservices", _read_virtual_service
    ),
    "rollout": RouteKind("argoproj.io", "v1alpha1", "rollouts", _read_argo_rollout),
}
