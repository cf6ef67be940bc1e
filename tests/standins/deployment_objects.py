"""A hospital's deployment as a cluster's API would tell of it, without a fault: for tests to lay
into `KubernetesApi.objects`, and to harm.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

NAMESPACE, NAME, IMAGE, HELM = (
    "wards",
    "hospital-backend",
    "registry.example.org/hospital/backend",
    "hospital-backend",
)
LABELS = {"app": NAME}
REVISION = "deployment.kubernetes.io/revision"

Object = dict[str, Any]


def deployment_objects(digest: str, previous: str, replicas: int = 3) -> dict[str, list[Object]]:
    """Revision 7 is rolled out, revision 6 is kept; Helm did both."""
    return {
        "deployments": [deployment(digest, replicas)],
        "replicasets": [replica_set(7, digest, replicas), replica_set(6, previous, 0)],
        "pods": [pod(f"{NAME}-{number}", digest) for number in range(replicas)],
        "poddisruptionbudgets": [budget(NAME, LABELS, replicas)],
        "secrets": [
            helm(2, "deployed"),
            helm(1, "superseded"),
            {"metadata": _named("passwords"), "type": "Opaque", "data": {"x": "c2VjcmV0"}},
        ],
    }


def ago(**time: float) -> str:
    return (datetime.now(UTC) - timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%SZ")


def deployment(digest: str, replicas: int) -> Object:
    counts = dict.fromkeys(
        ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), replicas
    )
    return {
        "metadata": {**_named(NAME), "uid": "d-1", "generation": 9, "annotations": {REVISION: "7"}},
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 10,
            "selector": {"matchLabels": LABELS},
            "template": template(digest),
        },
        "status": {
            "observedGeneration": 9,
            **counts,
            "conditions": [
                {"type": kind, "status": "True", "reason": "AsExpected", "message": "as expected"}
                for kind in ("Available", "Progressing")
            ],
        },
    }


def replica_set(revision: int, digest: str, replicas: int) -> Object:
    owner = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": NAME,
        "uid": "d-1",
        "controller": True,
    }
    return {
        "metadata": {
            **_named(f"{NAME}-r{revision}"),
            "labels": LABELS,
            "annotations": {REVISION: str(revision)},
            "ownerReferences": [owner],
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": LABELS},
            "template": template(digest),
        },
        "status": {"replicas": replicas},
    }


def template(digest: str) -> Object:
    return {"metadata": {"labels": LABELS}, "spec": {"containers": containers(digest)}}


def containers(digest: str) -> list[Object]:
    """The hospital's own, and one beside it that has no probes."""
    share = {
        "requests": {"cpu": "250m", "memory": "256Mi"},
        "limits": {"cpu": "1", "memory": "1Gi"},
    }
    probe = {"httpGet": {"path": "/health/live", "port": 8000}}
    return [
        {
            "name": "backend",
            "image": f"{IMAGE}@{digest}",
            "livenessProbe": probe,
            "readinessProbe": probe,
            "resources": share,
        },
        {"name": "log-shipper", "image": "registry.example.org/shipper:3", "resources": share},
    ]


def pod(name: str, digest: str) -> Object:
    statuses = [
        {"name": "backend", "image": f"{IMAGE}:2.0.0", "imageID": f"{IMAGE}@{digest}"},
        {
            "name": "log-shipper",
            "image": "registry.example.org/shipper:3",
            "imageID": f"registry.example.org/shipper@sha256:{'5' * 64}",
        },
    ]
    running = {
        "ready": True,
        "started": True,
        "restartCount": 0,
        "state": {"running": {"startedAt": ago(days=2)}},
    }
    return {
        "metadata": {**_named(name), "labels": {**LABELS, "pod-template-hash": "r7"}},
        "spec": {"containers": containers(digest)},
        "status": {
            "phase": "Running",
            "startTime": ago(days=2),
            "containerStatuses": [{**one, **running} for one in statuses],
        },
    }


def budget(name: str, labels: dict[str, str], pods: int, allowed: int = 1) -> Object:
    return {
        "metadata": _named(name),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels}},
        "status": {
            "currentHealthy": pods,
            "desiredHealthy": pods - 1,
            "disruptionsAllowed": allowed,
            "expectedPods": pods,
        },
    }


def helm(version: int, status: str) -> Object:
    labels = {"owner": "helm", "name": HELM, "status": status, "version": str(version)}
    return {
        "metadata": {**_named(f"sh.helm.release.v1.{HELM}.v{version}"), "labels": labels},
        "type": "helm.sh/release.v1",
        "data": {"release": "dmFsdWVzIHdpdGggYSBwYXNzd29yZA=="},
    }


def _named(name: str) -> Object:
    return {"name": name, "namespace": NAMESPACE, "creationTimestamp": ago(days=2)}
