"""All faults, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType

from tests.faults.access import permissions, sessions, sign_in
from tests.faults.fault import Fault
from tests.faults.functional import (
    charts,
    critical_paths,
    documents,
    endpoints,
    health_endpoints,
    outages,
    patient_records,
    patient_registration,
    transport,
    uploads,
    visits,
)

AREAS: tuple[ModuleType, ...] = (
    sign_in,
    sessions,
    permissions,
    charts,
    patient_records,
    patient_registration,
    visits,
    documents,
    uploads,
    critical_paths,
    endpoints,
    health_endpoints,
    transport,
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
