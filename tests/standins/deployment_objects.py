"""A hospital's deployment as a cluster's API would tell of it, without a fault: for tests to lay
into `KubernetesApi.objects`, and to harm.
"""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

NAMESPACE, NAME, IMAGE, HELM = (
    "wards",
    "hospital-backend",
    "registry.example.org/hospital/backend",
    "hospital-backend",
)
LABELS = {"app": NAME}
CONFIG_MAP, SECRET = "backend-config", "backend-secrets"
"""What the container takes its configuration from."""
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
            helm(2, "deployed", digest),
            helm(1, "superseded", previous),
            {"metadata": _named("passwords"), "type": "Opaque", "data": {"x": "c2VjcmV0"}},
            configuration(SECRET, {"password": "cGE1NXdvcmQtb2YtMS45"}, "Opaque"),
        ],
        "configmaps": [configuration(CONFIG_MAP, {"POOL": "20", "MODE": "expanded"})],
    }


def rolled_back_objects(digest: str, previous: str, replicas: int = 3) -> dict[str, list[Object]]:
    """Return the deployment after a rollback: revision 8 has the image of revision 6 again."""
    objects = deployment_objects(previous, digest, replicas)
    objects["deployments"][0]["metadata"]["annotations"][REVISION] = "8"
    objects["replicasets"] = [replica_set(8, previous, replicas), replica_set(7, digest, 0)]
    for one in objects["pods"]:
        start_pod(one, ago(minutes=10))
    objects["secrets"][:2] = [
        helm(1, "superseded", previous),
        helm(2, "superseded", digest),
        helm(3, "deployed", previous),
    ]
    return objects


def start_pod(one: Object, moment: str) -> None:
    """Let a pod and its containers be started at that moment."""
    one["status"]["startTime"] = moment
    for status in one["status"]["containerStatuses"]:
        status["state"] = {"running": {"startedAt": moment}}


def configuration(name: str, data: dict[str, str], kind: str = "", version: int = 7) -> Object:
    """Return a ConfigMap, or with `kind` a Secret, as it was written two days ago."""
    written = {"manager": "helm", "operation": "Update", "time": ago(days=2)}
    metadata = {**_named(name), "uid": f"u-{name}", "resourceVersion": str(version)}
    typed = {"type": kind} if kind else {}
    return {"metadata": {**metadata, "managedFields": [written]}, "data": data, **typed}


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
            "envFrom": [{"configMapRef": {"name": CONFIG_MAP}}],
            "env": [
                {
                    "name": "DATABASE_PASSWORD",
                    "valueFrom": {"secretKeyRef": {"name": SECRET, "key": "password"}},
                }
            ],
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


def helm(version: int, status: str, digest: str = "") -> Object:
    """Return Helm's Secret of a revision; without a digest its manifest cannot be read."""
    labels = {"owner": "helm", "name": HELM, "status": status, "version": str(version)}
    return {
        "metadata": {**_named(f"sh.helm.release.v1.{HELM}.v{version}"), "labels": labels},
        "type": "helm.sh/release.v1",
        "data": {
            "release": _pack_release(digest) if digest else "dmFsdWVzIHdpdGggYSBwYXNzd29yZA=="
        },
    }


def _pack_release(digest: str) -> str:
    """Return a release as Helm 3 and 4 store it: JSON, gzip, Base64, and Base64 of Kubernetes."""
    workload = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME},
        "spec": {"template": template(digest)},
    }
    release = {
        "manifest": f'---\n# Source: chart\n{json.dumps(workload)}\n---\n{{"kind": "Service"}}\n',
        "config": {"password": "chart-pa55word"},
    }
    packed = gzip.compress(json.dumps(release).encode())
    return base64.b64encode(base64.b64encode(packed)).decode()


def _named(name: str) -> Object:
    return {"name": name, "namespace": NAMESPACE, "creationTimestamp": ago(days=2)}
