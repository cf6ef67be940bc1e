"""All faults of the API against its document, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType

from tests.faults.contract import changes, documents, doors, promises, runs
from tests.faults.contract.fault import ContractFault

AREAS: tuple[ModuleType, ...] = (promises, runs, doors, changes, documents)


def faults_in(area: ModuleType) -> Iterator[type[ContractFault]]:
    """The faults of one module, in the order in which they are written.

    A name that begins with an underscore is a manner that faults share.
    """
    for value in vars(area).values():
        if (
            isinstance(value, type)
            and issubclass(value, ContractFault)
            and value.__module__ == area.__name__
            and not value.__name__.startswith("_")
        ):
            yield value


BY_NAME: Mapping[str, type[ContractFault]] = {
    fault.__name__: fault for area in AREAS for fault in faults_in(area)
}
