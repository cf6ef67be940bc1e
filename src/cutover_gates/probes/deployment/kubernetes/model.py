"""The state of one deployment, as one query found it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cutover_gates.util.http import SourceUnavailable


@dataclass(frozen=True)
class DeploymentState:
    """The objects of a deployment: the client's own, which have no types.

    `parts` has the keys deployment, pods, replica_sets, budgets, and releases (Helm's secrets,
    without their data). What could not be read is the error that says why.
    """

    parts: Mapping[str, Any]

    def get_part(self, part: str) -> Any:
        """Return an object, or a list of them.

        Raises `SourceUnavailable`; `ObjectNotFound` for a deployment that does not exist.
        """
        found = self.parts[part]
        if isinstance(found, SourceUnavailable):
            # Several checks raise the same error: without this its frames would pile up.
            raise found.with_traceback(None)
        return found


def require_complete(objects: Any) -> Any:
    """Return an object or a list of them, as it is.

    Raises `ValueError` where one lacks a part that every such object of a cluster has.
    """
    for each in objects if isinstance(objects, list) else [objects]:
        missing = [
            part for part in ("metadata", "spec", "status") if getattr(each, part, objects) is None
        ]
        if missing:
            raise ValueError(f"one of them has no {' and no '.join(missing)}")
    return objects
