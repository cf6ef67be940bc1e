"""What a pod template takes from its configuration: its own parts, and the objects that it names.

Of each a hash with a salt of the record is kept, and never a value. The hash is slow to compute, so
that a short password cannot be found by trying.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

_CONTAINER_PARTS = ("env", "envFrom", "command", "args", "volumeMounts")
_SCRYPT = {"n": 2**13, "r": 8, "p": 1}
"""8 MiB and about 25 ms for each object."""


class ObjectName(NamedTuple):
    """A ConfigMap or a Secret."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class ObjectState:
    """One ConfigMap or Secret: the hash of its data, its version, and when it was last written.

    `digest` is empty for one that does not exist.
    """

    digest: str
    version: str = ""
    written: datetime | None = None


def hash_value(value: Any, salt: bytes) -> str:
    """Return the salted hash of JSON-able data."""
    data = json.dumps(value, sort_keys=True, default=str).encode()
    return hashlib.scrypt(data, salt=salt, dklen=32, **_SCRYPT).hex()


def hash_template(pod_spec: Mapping[str, Any], salt: bytes) -> dict[str, str]:
    """Return the hashes of what a template itself configures, by part.

    `pod_spec` is as the API writes it. The image is no part: it is judged by its digest.
    """
    parts = {
        f"container {container['name']}: {part}": container.get(part)
        for kind in ("containers", "initContainers")
        for container in pod_spec.get(kind) or []
        for part in _CONTAINER_PARTS
    }
    parts["volumes"] = pod_spec.get("volumes")
    parts["service account"] = pod_spec.get("serviceAccountName")
    return {name: hash_value(value, salt) for name, value in parts.items() if value}


def find_object_names(pod_spec: Mapping[str, Any]) -> tuple[ObjectName, ...]:
    """Return the ConfigMaps and Secrets that a template names, each once."""
    found = [*_names_of_containers(pod_spec), *_names_of_volumes(pod_spec)]
    return tuple(sorted(set(found)))


def _names_of_containers(pod_spec: Mapping[str, Any]) -> Iterator[ObjectName]:
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        for container in pod_spec.get(kind) or []:
            for source in container.get("envFrom") or []:
                yield from _name_of(source, "configMapRef", "secretRef")
            for variable in container.get("env") or []:
                source = variable.get("valueFrom") or {}
                yield from _name_of(source, "configMapKeyRef", "secretKeyRef")


def _names_of_volumes(pod_spec: Mapping[str, Any]) -> Iterator[ObjectName]:
    for volume in pod_spec.get("volumes") or []:
        projected = (volume.get("projected") or {}).get("sources") or []
        for source in (volume, *projected):
            yield from _name_of(source, "configMap", "secret")


def _name_of(source: Mapping[str, Any], config_map: str, secret: str) -> Iterator[ObjectName]:
    for key, kind in ((config_map, "ConfigMap"), (secret, "Secret")):
        named = source.get(key) or {}
        # A volume says secretName where all others say name.
        if name := named.get("name") or named.get("secretName"):
            yield ObjectName(kind, str(name))


def describe_object(found: Mapping[str, Any], salt: bytes) -> ObjectState:
    """Return the state of a ConfigMap or Secret, as the API writes it."""
    data = {key: found.get(key) for key in ("data", "binaryData")}
    metadata = found["metadata"]
    times = [entry.get("time") for entry in metadata.get("managedFields") or []]
    parsed = [datetime.fromisoformat(str(one).replace("Z", "+00:00")) for one in times if one]
    version = f"{metadata.get('uid', '')} {metadata.get('resourceVersion', '')}".strip()
    return ObjectState(hash_value(data, salt), version, max(parsed, default=None))
