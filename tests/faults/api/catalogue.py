"""All faults of the API against its document, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType

from tests.faults.api import access, behaviour, document_changes, fuzzing_runs, invalid_documents
from tests.faults.api.api_fault import ApiFault

AREAS: tuple[ModuleType, ...] = (
    behaviour,
    fuzzing_runs,
    access,
    document_changes,
    invalid_documents,
)


def faults_in(area: ModuleType) -> Iterator[type[ApiFault]]:
    """The faults of one module, in the order in which they are written.

    A name that begins with an underscore is a manner that faults share.
    """
    for value in vars(area).values():
        if (
            isinstance(value, type)
            and issubclass(value, ApiFault)
            and value.__module__ == area.__name__
            and not value.__name__.startswith("_")
        ):
            yield value


BY_NAME: Mapping[str, type[ApiFault]] = {
    fault.__name__: fault for area in AREAS for fault in faults_in(area)
}
