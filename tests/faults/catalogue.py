"""All faults, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType

from tests.faults import (
    access,
    charts,
    critical,
    documents,
    endpoints,
    health,
    outages,
    patients,
    registering,
    sessions,
    sign_in,
    uploads,
    visits,
    wire,
)
from tests.faults.fault import Fault

AREAS: tuple[ModuleType, ...] = (
    sign_in,
    sessions,
    access,
    charts,
    patients,
    registering,
    visits,
    documents,
    uploads,
    critical,
    endpoints,
    health,
    wire,
    outages,
)


def faults_in(area: ModuleType) -> Iterator[type[Fault]]:
    """The faults of one module, in the order in which they are written."""
    for value in vars(area).values():
        if (
            isinstance(value, type)
            and issubclass(value, Fault)
            and value.__module__ == area.__name__
            and is_a_fault(value)
        ):
            yield value


def is_a_fault(kind: type[Fault]) -> bool:
    """Whether it can be put in.

    What has no item, or a name that begins with an underscore, is a manner that faults have in
    common.
    """
    return hasattr(kind, "item") and not kind.__name__.startswith("_")


BY_NAME: Mapping[str, type[Fault]] = {
    fault.__name__: fault for area in AREAS for fault in faults_in(area)
}
