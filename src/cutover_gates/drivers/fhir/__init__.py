"""The driver for FHIR R4 servers.

`make_driver` builds it from the settings' table; `docs/fhir.md` says what it asks of a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover_gates.config.fhir import Fhir
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.fhir.fhir_driver import FhirDriver
from cutover_gates.drivers.http_exchange import HttpClient
from cutover_gates.drivers.rest.vocabulary import mapping_error
from cutover_gates.drivers.transport import GuardedTransport
from cutover_gates.hospital import MappingError

__all__ = ["FhirDriver", "make_driver"]


def make_driver(
    base_url: str,
    table: Mapping[str, Any],
    client: HttpClient,
    *,
    run_tag: str,
    recorder: Recorder,
    source: str,
    transport: GuardedTransport | None = None,
) -> FhirDriver:
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
        raise mapping_error(
            source, f"fhir.{'.'.join(map(str, first['loc']))}", first["input"], first["msg"]
        ) from None
    return FhirDriver(
        base_url,
        settings,
        client,
        run_tag=run_tag,
        recorder=recorder,
        unsupported=table.get("unsupported", {}),
        source=source,
        transport=transport,
    )
