"""All faults under load, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType

from tests.faults.fault import Defect
from tests.faults.load import (
    baselines,
    connections,
    load_generator,
    request_errors,
    resource_usage,
    response_times,
)
from tests.faults.load.load_fault import LoadFault

AREAS: tuple[ModuleType, ...] = (
    request_errors,
    response_times,
    connections,
    resource_usage,
    load_generator,
    baselines,
)


def faults_in(area: ModuleType) -> Iterator[type[LoadFault]]:
    """The faults of one module, in the order in which they are written."""
    for value in vars(area).values():
        if (
            isinstance(value, type)
            and issubclass(value, LoadFault)
            and value.__module__ == area.__name__
            and is_a_fault(value)
        ):
            yield value


def is_a_fault(kind: type[LoadFault]) -> bool:
    """Whether it can be put in.

    What has no item, or a name that begins with an underscore, is a manner that faults have in
    common.
    """
    return hasattr(kind, "item") and not kind.__name__.startswith("_")


BY_NAME: Mapping[str, type[LoadFault]] = {
    fault.__name__: fault for area in AREAS for fault in faults_in(area)
}
BEFORE: Mapping[str, type[Defect]] = {
    response_times.TheOldRelease.__name__: response_times.TheOldRelease
}
"""Hospitals without a fault that a baseline is recorded of (`LoadFault.before`)."""
