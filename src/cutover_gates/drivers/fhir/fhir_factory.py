"""The factory of the FHIR driver: from the settings' table to a driver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from cutover_gates.config.fhir import Fhir
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.fhir.fhir_driver import FhirDriver
from cutover_gates.drivers.http_client import HttpClient
from cutover_gates.drivers.rest.vocabulary import mapping_error
from cutover_gates.drivers.transport import GuardedTransport
from cutover_gates.hospital import MappingError


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
    """Return the driver.

    `table` is the settings' `fhir`, with `unsupported` beside its keys. Raises `MappingError`.
    """
    _require_library(source)
    own = {name: value for name, value in table.items() if name != "unsupported"}
    try:
        settings = Fhir.model_validate(own)
    except ValidationError as error:
        first = error.errors()[0]
        key = f"fhir.{'.'.join(map(str, first['loc']))}"
        raise mapping_error(source, key, first["input"], first["msg"]) from None
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


def _require_library(source: str) -> None:
    """Name a missing library here in one sentence, instead of at its first use in the run."""
    try:
        import fhir.resources  # noqa: F401  # an optional extra
    except ImportError as missing:
        raise MappingError(
            f'{source}: driver = "fhir": {missing.name} is not installed: install this project with'
            " its extra `fhir`"
        ) from None
