"""The body of a request: a step's JSON, form, multipart or bytes, rendered."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any

from cutover_gates.core.evidence.exchange import Part
from cutover_gates.drivers.rest.mapping_tables import MappingStep
from cutover_gates.drivers.rest.templates import TemplateFault, render_tree
from cutover_gates.drivers.rest.vocabulary import mapping_error
from cutover_gates.hospital import Upload

MultipartFile = tuple[str, tuple[str | None, bytes, str | None]]
"""Name of the part; its file name, content and media type (httpx's form)."""


@dataclass(frozen=True)
class RequestBody:
    """The arguments of `build_request` that make the body, and what evidence says of its parts."""

    arguments: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class UploadVariable:
    """An upload as templates see it. `{{ upload }}` alone, in multipart, is the file."""

    upload: Upload = field(repr=False)

    @property
    def file_name(self) -> str:
        """The name of the file."""
        return self.upload.file_name

    @property
    def media_type(self) -> str:
        """The declared media type."""
        return self.upload.media_type

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        return self.upload.content

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.upload.content)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes, in hexadecimal."""
        return hashlib.sha256(self.upload.content).hexdigest()

    @property
    def base64(self) -> str:
        """The bytes in Base64."""
        return base64.b64encode(self.upload.content).decode()


@dataclass(frozen=True)
class BodyRenderer:
    """Renders what a step sends. `source` is the mapping's file, for messages."""

    source: str

    def render_body(self, step: MappingStep, key: str, variables: Mapping[str, Any]) -> RequestBody:
        """Return the body of a step that stands at `key`. Raises `MappingError`."""
        if step.json_body is not None:
            body = to_plain(self.render(step.json_body, f"{key}.json", variables))
            return RequestBody({"json": drop_nulls(body) if step.leave_out_nulls else body})
        if step.form is not None:
            return RequestBody({"data": self.render_table(step.form, f"{key}.form", variables)})
        if step.multipart is not None:
            return self._render_multipart(step.multipart, f"{key}.multipart", variables)
        if step.bytes_body is not None:
            return RequestBody({"content": self._render_bytes(step.bytes_body, key, variables)})
        return RequestBody()

    def render_table(
        self, table: Mapping[str, Any], key: str, variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return headers, query or form fields as text, without those that are null."""
        if not table:
            return {}
        rendered = {
            name: to_plain(self.render(item, f"{key}.{name}", variables))
            for name, item in table.items()
        }
        return {name: _as_field(item) for name, item in rendered.items() if item is not None}

    def render(self, tree: Any, key: str, variables: Mapping[str, Any]) -> Any:
        """Return the tree with its templates rendered. Raises `MappingError` that names `key`."""
        try:
            return render_tree(tree, variables)
        except TemplateFault as fault:
            raise mapping_error(self.source, key, tree, str(fault)) from fault

    def _render_bytes(self, template: str, key: str, variables: Mapping[str, Any]) -> bytes | str:
        content = self.render(template, f"{key}.bytes", variables)
        if isinstance(content, bytes | str):
            return content
        problem = 'does not give bytes; "{{ upload.content }}" does'
        raise mapping_error(self.source, f"{key}.bytes", template, problem)

    def _render_multipart(
        self, table: Mapping[str, Any], key: str, variables: Mapping[str, Any]
    ) -> RequestBody:
        files: list[MultipartFile] = []
        parts: list[Part] = []
        for name, template in table.items():
            value = self.render(template, f"{key}.{name}", variables)
            if isinstance(value, UploadVariable):
                files.append((name, (value.file_name, value.content, value.media_type)))
                parts.append(
                    Part(name, None, value.file_name, value.media_type, value.size, value.sha256)
                )
            elif value is not None:
                text = to_text(to_plain(value))
                # A part without a file name: httpx makes a plain field of it.
                files.append((name, (None, text.encode(), None)))
                parts.append(Part(name, text))
        return RequestBody({"files": files}, tuple(parts))


def to_plain(value: Any) -> Any:
    """Return `value` as JSON can hold it, with dates in ISO form."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return value


def to_text(value: Any) -> str:
    """Return `value` as text, with true and false as JSON writes them."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def drop_nulls(value: Any) -> Any:
    """Return `value` without the keys whose value is null."""
    if isinstance(value, dict):
        return {key: drop_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [drop_nulls(item) for item in value]
    return value


def _as_field(item: Any) -> Any:
    return item if isinstance(item, list) else to_text(item)
