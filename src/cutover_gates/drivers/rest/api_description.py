"""The API document as a driver offers it: loaded from the target once, or given by a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover_gates.drivers.rest.openapi_document import OpenApiDocument
from cutover_gates.drivers.rest.operation_runner import OperationRunner

_NOT_A_DOCUMENT = (KeyError, TypeError, AttributeError, ValueError)
"""The errors that `OpenApiDocument` raises for what is not an OpenAPI 3 document."""


class ApiDescription:
    """The OpenAPI document of one target."""

    def __init__(self, runner: OperationRunner) -> None:
        self._runner = runner
        self._document: OpenApiDocument | None = None

    def load(self) -> OpenApiDocument:
        """Return the document; the first call requests it. Raises what `Driver` names."""
        if self._document is None:
            result = self._runner.run("describe")
            try:
                self._document = self._create(result.answer.json)
            except _NOT_A_DOCUMENT as error:
                media_type = result.answer.media_type or "no media type"
                raise self._runner.judge.violation(
                    "describe",
                    "an OpenAPI 3 document",
                    f"{media_type}: {type(error).__name__}: {error}",
                    "operations.describe",
                    result.request,
                ) from error
        return self._document

    def load_document(self) -> Mapping[str, Any]:
        """Return the document as the target serves it, or the one that replaced it."""
        document: Mapping[str, Any] = self.load().document
        return document

    def document_and_root(self, given: Mapping[str, Any] | None) -> tuple[Mapping[str, Any], str]:
        """Return the document and the address at which its paths begin.

        A `given` one replaces the target's from now on; raises ValueError where it is not one.
        """
        if given is not None:
            try:
                self._document = self._create(given)
            except _NOT_A_DOCUMENT as error:
                raise ValueError(
                    f"no OpenAPI 3 document: {type(error).__name__}: {error}"
                ) from error
        document = self.load()
        return document.document, document.root

    def _create(self, document: Any) -> OpenApiDocument:
        return OpenApiDocument(document, self._runner.build, self._runner.mapping)
