"""Gets a server's capability statement, and tells an address that is no FHIR base from a server
that fails.
"""

from __future__ import annotations

import threading

from cutover.drivers.fhir.capability import Capability
from cutover.drivers.fhir.client import Came, Server
from cutover.hospital import MappingError

SPOKEN = ("4.0", "4.3")
"""How the versions of FHIR begin that are near enough to R4."""


class Statements:
    """The statement of one server. Safe under threads."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._kept: Capability | None = None

    @property
    def kept(self) -> Capability:
        """Asked for once; a statement that did not come is asked for again."""
        with self._lock:
            if self._kept is None:
                self._kept = self.anew("capability statement")
            return self._kept

    def anew(self, operation: str) -> Capability:
        """Asked for now, without a token.

        Raises `MappingError` where the settings' address is no FHIR base of R4.
        """
        request = self._server.request("GET", self._server.url("metadata"), None)
        answer = self._server.sent(operation, request)
        where = f"{self._server.source}: url = {self._server.base_url!r}"
        if (
            answer.status in (404, 405, 410)
            or 300 <= answer.status < 400
            or (answer.status == 200 and answer.json is None)
        ):
            raise MappingError(
                f"{where}: {request.url} answered {self._server.told(answer)}, and no capability"
                " statement; is this the FHIR base?"
            )
        if answer.status != 200:
            raise self._server.misbehaved(
                operation,
                "a CapabilityStatement, shown to anybody",
                self._server.told(answer),
                request,
            )
        found = Capability(
            self._server.resource(Came(operation, request, answer, None), "CapabilityStatement")
            or {}
        )
        if not found.version.startswith(SPOKEN):
            raise MappingError(
                f"{where}: speaks FHIR {found.version}; this driver speaks R4 (4.0.1)"
            )
        return found
