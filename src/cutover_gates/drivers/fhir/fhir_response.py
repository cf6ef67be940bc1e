"""An answer of a FHIR server with the resource in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from cutover_gates.hospital import Answer


@dataclass(frozen=True)
class FhirResponse:
    """The answer to a request, and the resource in it (None where it holds none)."""

    operation: str
    request: httpx.Request
    answer: Answer
    resource: Mapping[str, Any] | None

    @property
    def etag(self) -> str | None:
        """The ETag of the answer."""
        return self.answer.headers.get("etag")
