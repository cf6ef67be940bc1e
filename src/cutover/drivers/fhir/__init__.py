"""The driver for FHIR R4 servers.

`made` builds it from the settings' table; `docs/fhir.md` says what it asks of a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover.drivers.client import Client
from cutover.drivers.fhir.hospital import FhirHospital
from cutover.drivers.teaching import wrong
from cutover.drivers.transport import GuardedTransport
from cutover.evidence import Recorder
from cutover.hospital import MappingError
from cutover.settings.fhir import Fhir

__all__ = ["FhirHospital", "made"]


def made(
    base_url: str,
    table: Mapping[str, Any],
    client: Client,
    *,
    run_tag: str,
    recorder: Recorder,
    source: str,
    transport: GuardedTransport | None = None,
) -> FhirHospital:
    """The driver.

    `table` is the settings' `fhir`, with `unsupported` beside its keys. Raises `MappingError`.
    """
    from pydantic import ValidationError

    try:
        # each is loaded when it is named
        import fhir.resources  # so that its lack is told now, in one sentence  # noqa: F401
    except ImportError as missing:
        raise MappingError(
            f'{source}: driver = "fhir": {missing.name} is not installed: install this project with'
            " its extra `fhir`"
        ) from None
    own = {name: value for name, value in table.items() if name != "unsupported"}
    try:
        settings = Fhir.model_validate(own)
    except ValidationError as error:
        first = error.errors()[0]
        raise wrong(
            source, f"fhir.{'.'.join(map(str, first['loc']))}", first["input"], first["msg"]
        ) from None
    return FhirHospital(
        base_url,
        settings,
        client,
        run_tag=run_tag,
        recorder=recorder,
        unsupported=table.get("unsupported", {}),
        source=source,
        transport=transport,
    )
