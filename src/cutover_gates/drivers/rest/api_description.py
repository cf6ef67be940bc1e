"""The API document as a driver offers it: loaded from the target once, or given by a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cutover_gates.drivers.rest.documented_operations import require_known
from cutover_gates.drivers.rest.mapping_model import TargetMapping
from cutover_gates.drivers.rest.mapping_tables import MappingStep
from cutover_gates.drivers.rest.openapi_document import OpenApiDocument
from cutover_gates.drivers.rest.operation_runner import OperationRunner
from cutover_gates.hospital import Answer
from cutover_gates.util.api_document_text import is_yaml, parse_api_document

RecordedDocument = Callable[[], Mapping[str, Any] | None]
"""Returns the recorded document of the release before, None where there is none."""
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
_AT_TARGET = re.compile(r"^\{\{\s*base_url\s*\}\}")
_NOT_A_DOCUMENT = (KeyError, TypeError, AttributeError, ValueError)
"""The errors that `OpenApiDocument` raises for what is not an OpenAPI 3 document."""


class ApiDescription:
    """The OpenAPI document of one target."""

    def __init__(self, runner: OperationRunner, recorded: RecordedDocument) -> None:
        self._runner, self._recorded = runner, recorded
        self._document: OpenApiDocument | None = None

    def load(self) -> OpenApiDocument:
        """Return the document; the first call requests it. Raises what `Driver` names."""
        if self._document is None:
            self._document = self._request()
        return self._document

    def load_document(self) -> Mapping[str, Any]:
        """Request the document, also where it was requested before, or another one is in use."""
        document: Mapping[str, Any] = self._request().document
        return document

    def parameter_meanings(self) -> Mapping[str, Mapping[str, str]]:
        """Return our id for each path parameter that means one, by `GET /path` and name."""
        return self.load().parameter_meanings()

    def document_and_root(self, given: Mapping[str, Any] | None) -> tuple[Mapping[str, Any], str]:
        """Return the document and the address at which its paths begin.

        A `given` one replaces the target's from now on; raises ValueError where it is not one.
        """
        if given is not None:
            try:
                self._document = self._create(given)
            except _NOT_A_DOCUMENT as error:
                raise ValueError(f"no OpenAPI 3 document: {_describe_problem(error)}") from error
        document = self.load()
        return document.document, document.root

    def _request(self) -> OpenApiDocument:
        result = self._runner.run("describe")
        try:
            return self._create(_read_document(result.answer))
        except _NOT_A_DOCUMENT as error:
            media_type = result.answer.media_type or "no media type"
            raise self._runner.judge.violation(
                "describe",
                "an OpenAPI 3 document",
                f"{media_type}: {_describe_problem(error)}",
                "operations.describe",
                result.request,
            ) from error

    def assumed_protected(self) -> frozenset[str]:
        """Return the operations that need a token though the document names no security."""
        return self.load().assumed_protected()

    def find_lost_meanings(self) -> Mapping[str, str]:
        """Return what `[rest.parameters]` rightly names and this release does not list, and why."""
        return {unlisted.subject: unlisted.problem for unlisted in self.load().find_unlisted()}

    def _create(self, document: Any) -> OpenApiDocument:
        created = OpenApiDocument(document, self._runner.build, self._runner.mapping)
        used = list_used_operations(self._runner.mapping)
        require_known(created, used, self._read_recorded)
        return created

    def _read_recorded(self) -> OpenApiDocument | None:
        recorded = self._recorded()
        if recorded is None:
            return None
        return OpenApiDocument(recorded, self._runner.build, self._runner.mapping)


def _read_document(answer: Answer) -> Any:
    """Return the document in JSON or YAML. Raises ValueError for what is neither."""
    if answer.json is None and is_yaml(answer.media_type, answer.content):
        return parse_api_document(answer.content)
    return answer.json


def _describe_problem(error: Exception) -> str:
    """Return why it is no document: what is missing, or the reader's own clause."""
    if isinstance(error, KeyError):
        return f"it has no {error}"
    if isinstance(error, ValueError):
        return str(error)
    return "it is no table with `openapi` and `paths`"


def list_used_operations(mapping: TargetMapping) -> Mapping[str, Sequence[tuple[str, str]]]:
    """Return method and path of each request, by the operation of the mapping.

    A path begins below the target's address and has `{}` for each value. An address that the target
    itself gives, or one of another server, is left out: no document of the target lists it.
    """
    used: dict[str, list[tuple[str, str]]] = {}
    for name, operation in mapping.operations.items():
        pairs = [_method_and_path(mapping, step) for step in operation.steps]
        used[name] = [pair for pair in pairs if pair is not None]
    return used


def _method_and_path(mapping: TargetMapping, step: MappingStep) -> tuple[str, str] | None:
    if step.path is not None:
        path = mapping.base_path + step.path
    elif _AT_TARGET.match(step.url or ""):
        path = _AT_TARGET.sub("", step.url or "")
    else:
        return None
    return step.method, _TEMPLATE.sub("{}", path).partition("?")[0]
