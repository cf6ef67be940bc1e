"""All faults of the network, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType

from tests.faults.network import backends, certificates, dns, redis
from tests.faults.network.network_fault import NetworkFault

AREAS: tuple[ModuleType, ...] = (certificates, dns, backends, redis)


def faults_in(area: ModuleType) -> Iterator[type[NetworkFault]]:
    """Return the faults of one module, in the order in which they are written.

    A class whose name begins with an underscore is a base that faults share.
    """
    for value in vars(area).values():
        if (
            isinstance(value, type)
            and issubclass(value, NetworkFault)
            and value.__module__ == area.__name__
            and not value.__name__.startswith("_")
        ):
            yield value


BY_NAME: Mapping[str, type[NetworkFault]] = {
    fault.__name__: fault for area in AREAS for fault in faults_in(area)
}
