"""The manifest of a Helm revision: which image it deploys. All else in it is dropped at once.

Helm 3 and 4 keep a revision as JSON, compressed by gzip and encoded in Base64, in a Secret. It
holds every value of the chart, so nothing but the names of images leaves this module.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.probes.deployment.kubernetes.helm_history import (
    MOST_REVISIONS,
    name_secret,
    parse_history,
    select_candidates,
)
from cutover_gates.util.concurrency import run_concurrently
from cutover_gates.util.content_encoding import decode_content
from cutover_gates.util.http import SourceUnavailable

MANIFEST_BYTES = 8 * 1024 * 1024
"""The most that a revision may have uncompressed. A Secret holds 1 MiB, and gzip packs 1 : 1000."""
_WORKLOADS = frozenset({"Deployment", "ReplicaSet", "StatefulSet"})


class ManifestNotReadable(ValueError):
    """A revision's secret holds no manifest that can be read. The message is the reason."""


def read_manifest_images(release: str, deployment: str) -> tuple[str, ...]:
    """Return the images of the deployment in a revision; `release` is the Secret's value.

    Raises `ManifestNotReadable`.
    """
    try:
        # Once by Helm, once by Kubernetes, as every value of a Secret.
        packed = base64.b64decode(base64.b64decode(release))
        encoding = "gzip" if packed[:2] == b"\x1f\x8b" else ""
        plain = json.loads(decode_content(packed, encoding, MANIFEST_BYTES))
        return tuple(dict.fromkeys(_find_images(plain["manifest"], deployment)))
    except Exception:  # of Base64, zlib, JSON and YAML; their texts may hold values of the chart
        pass
    # Outside of the except block: the frames of the error hold the values of the chart.
    raise ManifestNotReadable("its secret holds no manifest that can be read")


def _find_images(manifest: str, deployment: str) -> Iterator[str]:
    # The package comes with the client of Kubernetes; only targets with Helm load it.
    from yaml import CSafeLoader, load_all

    for document in load_all(manifest, CSafeLoader):
        if not isinstance(document, dict) or document.get("kind") not in _WORKLOADS:
            continue
        if document["metadata"]["name"] == deployment:
            for container in document["spec"]["template"]["spec"]["containers"]:
                yield str(container["image"])


def read_release_images(
    settings: ClusterSettings,
    secrets: Sequence[Any],
    ask: Callable[[str, Callable[[Any], Any]], Any],
) -> dict[int, tuple[str, ...] | SourceUnavailable]:
    """Return the images of each revision that a rollback may go to, or why they are not known.

    `secrets` are the metadata of the history; `ask` runs one query of its own.
    """
    candidates = select_candidates(settings, parse_history(settings, secrets))[:MOST_REVISIONS]
    wanted = [one for one in candidates if settings.helm_revision in (None, one)]
    found = run_concurrently(
        partial(ask, "the manifest of a revision", partial(_read_images, settings, number))
        for number in wanted
    )
    return dict(zip(wanted, found, strict=True))


def _read_images(settings: ClusterSettings, number: int, client: Any) -> tuple[str, ...]:
    from kubernetes.client import CoreV1Api
    from kubernetes.client.exceptions import ApiException

    try:
        secret = CoreV1Api(client).read_namespaced_secret(
            name_secret(settings, number), str(settings.namespace)
        )
        release = (secret.data or {}).get("release")
        return read_manifest_images(str(release), str(settings.deployment))
    except ApiException:
        raise
    except ManifestNotReadable as error:
        reason = str(error)
    except Exception as error:  # of the client; its text may show a value that it did not expect
        reason = f"cannot be read: {type(error).__name__}"
    raise SourceUnavailable(reason)
