"""The identity of an OAuth client: a secret in a header or a form, or a signed assertion."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from cutover_gates.drivers.fhir.client import FhirClient
from cutover_gates.drivers.fhir.client_assertions import signing_key
from cutover_gates.hospital import Credentials

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class IdentityProof:
    """The part of a request that serves to identify its client."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)


class ClientIdentity:
    """Identifies clients to one server, in the way that its settings name."""

    def __init__(self, server: FhirClient) -> None:
        self._server, self._settings = server, server.settings

    def present(self, credentials: Credentials, audience: str) -> IdentityProof:
        """Return the proof for a client. `audience` is the token endpoint."""
        if self._settings.auth == "smart-backend":
            key = signing_key(credentials.password, self._settings.key_id)
            assertion = key.assertion(credentials.username, audience)
            self._server.mask_secret("client assertion", assertion)
            return IdentityProof(
                form={"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
            )
        if self._settings.secret_in == "body":
            return IdentityProof(
                form={"client_id": credentials.username, "client_secret": credentials.password}
            )
        # Both parts are form-encoded first (RFC 6749, 2.3.1).
        pair = f"{quote_plus(credentials.username)}:{quote_plus(credentials.password)}"
        encoded = base64.b64encode(pair.encode()).decode()
        return IdentityProof(headers={"Authorization": f"Basic {encoded}"})
