"""All faults of the data, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType

from tests.faults.data import (
    backups,
    constraints,
    content,
    migration_history,
    migration_run,
    rows,
    schema,
)
from tests.faults.data.data_fault import DataFault

AREAS: tuple[ModuleType, ...] = (
    migration_history,
    schema,
    rows,
    content,
    constraints,
    backups,
    migration_run,
)


def faults_in(area: ModuleType) -> Iterator[type[DataFault]]:
    """The faults of one module, in the order in which they are written.

    A name that begins with an underscore is a manner that faults share.
    """
    for value in vars(area).values():
        if (
            isinstance(value, type)
            and issubclass(value, DataFault)
            and value.__module__ == area.__name__
            and not value.__name__.startswith("_")
        ):
            yield value


BY_NAME: Mapping[str, type[DataFault]] = {
    fault.__name__: fault for area in AREAS for fault in faults_in(area)
}
