"""The base of a driver of a hospital's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cutover_gates.hospital.answers import Answer, Unsupported
from cutover_gates.hospital.driver import DriverFeatures
from cutover_gates.hospital.values import Operation, Session


class DriverBase:
    """The base of a driver of your own: defaults for what your backend may not have.

    A class that derives from it writes the operations of `Driver`. It overrides `features` with
    what it offers besides, and `operations` and `attempt` where the backend has an API document.
    """

    @property
    def features(self) -> DriverFeatures:
        """The defaults of `DriverFeatures`."""
        return DriverFeatures()

    def operations(self) -> Sequence[Operation]:
        """Raise `Unsupported`: no API document is known."""
        raise Unsupported("describe", "its driver reads no API document")

    def attempt(
        self,
        operation: Operation,  # noqa: ARG002  # the protocol's signature
        session: Session | None,  # noqa: ARG002  # the protocol's signature
        values: Mapping[str, str] | None = None,  # noqa: ARG002  # the protocol's signature
    ) -> Answer:
        """Raise `Unsupported`: no API document is known."""
        raise Unsupported("describe", "its driver reads no API document")
