"""All faults of the deployment, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import TypeVar

from tests.faults.deployment import databases, kubernetes, pipelines, registry_images
from tests.faults.deployment.databases import DatabaseFault
from tests.faults.deployment.deployment_fault import DeploymentFault

Kind = TypeVar("Kind")

AREAS: tuple[ModuleType, ...] = (kubernetes, registry_images, pipelines)


def faults_in(area: ModuleType, kind: type[Kind]) -> Iterator[type[Kind]]:
    """Return the faults of one module, in the order in which they are written.

    A class whose name begins with an underscore is a base that faults share.
    """
    for value in vars(area).values():
        if (
            isinstance(value, type)
            and issubclass(value, kind)
            and value.__module__ == area.__name__
            and not value.__name__.startswith("_")
        ):
            yield value


BY_NAME: Mapping[str, type[DeploymentFault]] = {
    fault.__name__: fault for area in AREAS for fault in faults_in(area, DeploymentFault)
}
OF_THE_DATABASE: Mapping[str, type[DatabaseFault]] = {
    fault.__name__: fault
    for fault in faults_in(databases, DatabaseFault)
    if fault is not DatabaseFault
}
