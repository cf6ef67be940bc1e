"""From a step of the mapping to an HTTP request."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from cutover_gates.core.evidence.exchange import Part
from cutover_gates.drivers.http_exchange import PARTS, SHOWN_HEADERS, HttpClient
from cutover_gates.drivers.rest.mapping_model import MappingStep, TargetMapping
from cutover_gates.drivers.rest.templates import TemplateFault, render, render_path, render_tree
from cutover_gates.drivers.rest.vocabulary import mapping_error
from cutover_gates.drivers.transport import SYNTHETIC
from cutover_gates.hospital import Upload


@dataclass(frozen=True)
class UploadVariable:
    """An upload as templates see it. `{{ upload }}` alone, in multipart, is the file."""

    upload: Upload = field(repr=False)

    @property
    def file_name(self) -> str:
        return self.upload.file_name

    @property
    def media_type(self) -> str:
        return self.upload.media_type

    @property
    def content(self) -> bytes:
        return self.upload.content

    @property
    def size(self) -> int:
        return len(self.upload.content)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.upload.content).hexdigest()

    @property
    def base64(self) -> str:
        return base64.b64encode(self.upload.content).decode()


@dataclass(frozen=True)
class RequestBuilder:
    """Builds requests to one target. `base_url` has no trailing slash."""

    base_url: str
    mapping: TargetMapping
    client: HttpClient
    always: Table[str, Any] = field(
        default_factory=dict, repr=False
    )  # the variables that every template sees

    def build(
        self,
        step: MappingStep,
        key: str,
        variables: Table[str, Any],
        token: str | None,
        *,
        synthetic: bool = True,
    ) -> httpx.Request:
        """The request of `step`, which stands at `key` of the mapping.

        `token_value` None: without one. Raises `MappingError`.
        """
        url = self._url(step, key, variables)
        if token is not None and not self._is_at_target(step, url):
            raise mapping_error(
                self.mapping.source,
                f"{key}.token",
                True,
                f"the token would be sent to {_origin(url)}, which is not the target",
            )
        headers = {
            **(self.base_variables() if self._is_at_target(step, url) else {}),
            **self._table(step.headers, f"{key}.headers", variables),
        }
        shown = dict(headers)
        if token is not None:
            headers[self.mapping.token.header] = self.token_value(token)
            shown[self.mapping.token.header] = self.token_value("$TOKEN")
        content = self._body(step, key, variables)
        extensions: dict[str, Any] = {
            SYNTHETIC: synthetic,
            SHOWN_HEADERS: shown,
            PARTS: content.pop("parts", ()),
        }
        query = self._table(step.query, f"{key}.query", variables)
        address = str(httpx.URL(url).copy_merge_params(query)) if query else url
        return self.client.build_request(
            step.method, address, headers=headers, extensions=extensions, **content
        )

    def request_to(
        self, url: str, step: MappingStep, key: str, variables: Table[str, Any], token: str | None
    ) -> httpx.Request:
        """A GET of an address that the target itself gave (the next page), with the headers of
        `step`. Elsewhere than at the target: with none.
        """
        headers: dict[str, Any] = {}
        shown: dict[str, Any] = {}
        if same_origin(url, self.base_url):
            headers = {
                **self.base_variables(),
                **self._table(step.headers, f"{key}.headers", variables),
            }
            shown = dict(headers)
            if token is not None:
                headers[self.mapping.token.header] = self.token_value(token)
                shown[self.mapping.token.header] = self.token_value("$TOKEN")
        return self.client.build_request(
            "GET", url, headers=headers, extensions={SYNTHETIC: True, SHOWN_HEADERS: shown}
        )

    def base_variables(self) -> dict[str, Any]:
        """The headers of every request to the target."""
        return self._table(self.mapping.headers, "headers", self.always)

    def token_value(self, token: str) -> str:
        return _mask_token(self.mapping.token.value, token)

    def _is_at_target(self, step: MappingStep, url: str) -> bool:
        """Whether the token may be shown there. Where every path is, is asked once."""
        return self._paths_at_target if step.path is not None else same_origin(url, self.base_url)

    @cached_property
    def _paths_at_target(self) -> bool:
        return same_origin(f"{self.base_url}{self.mapping.base_path}/", self.base_url)

    def _url(self, step: MappingStep, key: str, variables: Table[str, Any]) -> str:
        try:
            if step.path is not None:
                return self.base_url + self.mapping.base_path + render_path(step.path, variables)
            url = str(render(step.url or "", variables))
        except TemplateFault as fault:
            place = "path" if step.path is not None else "url"
            raise mapping_error(
                self.mapping.source, f"{key}.{place}", step.path or step.url, str(fault)
            ) from fault
        if not url.startswith(("http://", "https://")):
            raise mapping_error(
                self.mapping.source,
                f"{key}.url",
                step.url,
                f"became {url!r}, which is no absolute http address",
            )
        return url

    def _table(
        self, table: Table[str, Any], key: str, variables: Table[str, Any]
    ) -> dict[str, Any]:
        """Headers, query or form fields as text, without those that came out as null."""
        if not table:
            return {}
        rendered = {
            name: _plain(self._tree(item, f"{key}.{name}", variables))
            for name, item in table.items()
        }
        return {
            name: item if isinstance(item, list) else _text(item)
            for name, item in rendered.items()
            if item is not None
        }

    def _tree(self, tree: Any, key: str, variables: Table[str, Any]) -> Any:
        try:
            return render_tree(tree, variables)
        except TemplateFault as fault:
            raise mapping_error(self.mapping.source, key, tree, str(fault)) from fault

    def _body(self, step: MappingStep, key: str, variables: Table[str, Any]) -> dict[str, Any]:
        """The body, as arguments of `httpx.Client.build_request`."""
        if step.json_body is not None:
            body = _plain(self._tree(step.json_body, f"{key}.json", variables))
            return {"json": _drop_nulls(body) if step.leave_out_nulls else body}
        if step.form is not None:
            return {"data": self._table(step.form, f"{key}.form", variables)}
        if step.multipart is not None:
            return self._multipart(step.multipart, f"{key}.multipart", variables)
        if step.bytes_body is not None:
            content = self._tree(step.bytes_body, f"{key}.bytes", variables)
            if not isinstance(content, bytes | str):
                raise mapping_error(
                    self.mapping.source,
                    f"{key}.bytes",
                    step.bytes_body,
                    'does not give bytes; "{{ upload.content }}" does',
                )
            return {"content": content}
        return {}

    def _multipart(
        self, table: Table[str, Any], key: str, variables: Table[str, Any]
    ) -> dict[str, Any]:
        files: list[tuple[str, tuple[str | None, bytes, str | None]]] = []
        parts: list[Part] = []
        for name, template in table.items():
            value = self._tree(template, f"{key}.{name}", variables)
            if isinstance(value, UploadVariable):
                files.append((name, (value.file_name, value.content, value.media_type)))
                parts.append(
                    Part(name, None, value.file_name, value.media_type, value.size, value.sha256)
                )
            elif value is not None:
                # As a part without a file name, so that httpx makes it a plain field.
                files.append((name, (None, _text(_plain(value)).encode(), None)))
                parts.append(Part(name, _text(_plain(value))))
        return {"files": files, "parts": tuple(parts)}


def _plain(value: Any) -> Any:
    """`value` as JSON can hold it: dates in ISO form."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _drop_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _drop_nulls(item) for key, item in value.items() if item is not None}
    return [_drop_nulls(item) for item in value] if isinstance(value, list) else value


@lru_cache(maxsize=64)
def _mask_token(template: str, token: str) -> str:
    """The header's value. A session shows its token in every request."""
    return str(render(template, {"token": token}))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def same_origin(one: str, other: str) -> bool:
    """Whether both addresses are on one host, port and scheme."""
    return _origin(one) == _origin(other)
