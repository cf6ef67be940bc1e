"""Where the API's document comes from: the target itself, or a file of the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cutover_gates.config.base import SettingsError
from cutover_gates.core.findings import gap_error
from cutover_gates.hospital import Driver
from cutover_gates.probes.api.document import rules
from cutover_gates.probes.api.document.openapi_document import ApiDocument
from cutover_gates.util.api_document_text import UnusableDocument, parse_api_document


def load_document(hospital: Driver, root: str, file: Path | None) -> ApiDocument:
    """Return the target's document, or the one in the file.

    `root` is where the paths begin, for a driver that cannot tell.

    Raises `SettingsError` for a file without a document, `NotProven` where a driver gives none,
    else as the driver does.
    """
    given = _read_file(file) if file else None
    load = hospital.features.api_document
    if load is None:
        if given is None:
            raise gap_error(
                rules.DOCUMENT_PROVIDED, root, "this target's driver gives no OpenAPI document"
            )
        return ApiDocument(given, root)
    try:
        document, root = load(given)
    except ValueError as error:
        raise SettingsError(f"contract.document: {file} holds {error}") from None
    meanings = hospital.features.parameter_meanings
    rules_of_refusal = hospital.features.unauthenticated
    return ApiDocument(
        document,
        root,
        meanings() if meanings else {},
        hospital.features.lost_meanings(),
        sorted(hospital.features.assumed_protected()),
        sorted({str(status) for rule in rules_of_refusal for status in rule.statuses}),
    )


def _read_file(file: Path) -> Any:
    try:
        document = parse_api_document(file.read_bytes())
    except OSError as error:
        raise SettingsError(f"contract.document: {file} cannot be read: {error.strerror}") from None
    except UnusableDocument as error:
        raise SettingsError(f"contract.document: {file} is {error}") from None
    if not isinstance(document, dict):
        raise SettingsError(f"contract.document: {file} holds no OpenAPI 3 document")
    return document
