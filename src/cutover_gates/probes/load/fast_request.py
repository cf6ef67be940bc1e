"""A fast client for the REST driver in a load process: the part of `httpx.Client` that it uses.

It sends what httpx would send, without the steps that take httpx longest, and leaves to httpx what
it is not sure of.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any, cast

import httpx
from geventhttpclient.header import Headers
from geventhttpclient.response import HTTPResponse

from cutover_gates.drivers.factory import make_client
from cutover_gates.drivers.http_client import HttpResponse
from cutover_gates.probes.load.gevent_transport import GeventTransport

_PLAIN_URL = re.compile(
    r"(https?://[a-z0-9.-]+(?::\d+)?)(/(?!/)(?:[A-Za-z0-9_~!$&()*+,;=:@/?.-]+|%[0-9A-F]{2})*)"
)
"""(origin, path with its query) of an address in which httpx changes nothing.

An address with a segment that begins with a dot is left to httpx.
"""


class FastClient:
    """An `HttpClient` of the drivers on a `GeventTransport`."""

    def __init__(self, transport: GeventTransport) -> None:
        self._transport, self._httpx = transport, make_client(transport)

    @property
    def cookies(self) -> httpx.Cookies:
        """The cookies that the client sends and receives."""
        return self._httpx.cookies

    def build_request(
        self,
        method: str,
        url: httpx.URL | str,
        *,
        headers: Mapping[str, str] | None = None,
        extensions: dict[str, Any] | None = None,
        **content: Any,
    ) -> httpx.Request:
        """Return the request: a fast one for a plain address without a body, or with JSON."""
        whole = partial(
            self._httpx.build_request,
            method,
            url,
            headers=headers,
            extensions=extensions,
            **content,
        )
        address, fields, body = str(url), headers or {}, b""
        place = _PLAIN_URL.fullmatch(address)
        if place is None or "/." in address or (content and content.keys() != {"json"}):
            return whole()
        if content:
            body = json.dumps(
                content["json"], ensure_ascii=False, separators=(",", ":"), allow_nan=False
            ).encode()
            fields = {"Content-Type": "application/json", **fields}
        return FastRequest(
            method,
            place[1],
            place[2],
            _cached_headers(*fields.items()),
            body,
            extensions or {},
            whole,
        )

    def send(self, request: httpx.Request) -> HttpResponse:
        """Send the request and return the response, with its body read."""
        if not isinstance(request, FastRequest):
            return self._httpx.send(request)
        answer, content = self._transport.send_request(
            request,
            request.origin,
            request.path,
            cast(Mapping[str, str], request.fields),
            request.body,
        )
        return (
            FastResponse(answer, content)
            if "content-encoding" not in answer
            else self._transport.build_response(request, answer, content)
        )

    def close(self) -> None:
        """Close all connections."""
        self._httpx.close()


class FastRequest(httpx.Request):
    """A request with only what is sent.

    The rest (the parsed address, all headers) is made by httpx when it is used, to report a
    failure.
    """

    def __init__(
        self,
        method: str,
        origin: str,
        path: str,
        fields: Headers,
        body: bytes,
        extensions: dict[str, Any],
        whole: Callable[[], httpx.Request],
    ) -> None:
        self.method, self.origin, self.path, self.fields, self.body, self.extensions = (
            method,
            origin,
            path,
            fields,
            body,
            extensions,
        )
        self._whole = whole

    def __getattr__(self, name: str) -> Any:
        """Let httpx make what is missing."""
        if name in ("url", "headers", "stream", "_content"):
            vars(self).update(vars(self._whole()) | vars(self))
        return super().__getattribute__(name)


class FastResponse:
    """An answer with only what is read of it."""

    def __init__(self, answer: HTTPResponse, content: bytes) -> None:
        self.status_code, self.content, self.headers = (
            answer.status_code,
            content,
            FastHeaders(answer.info()),
        )


class FastHeaders(Mapping[str, str]):
    """The headers of an answer as httpx has them.

    Names are in any case; one that came several times has one text.
    """

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    def __getitem__(self, name: str) -> str:
        value = self._headers[name]
        return value if isinstance(value, str) else ", ".join(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers.keys())

    def __len__(self) -> int:
        return len(self._headers.compatible_dict())


@lru_cache(maxsize=64)
def _cached_headers(*fields: tuple[str, str]) -> Headers:
    """Return the headers of a request; most requests of a session have the same ones."""
    for _, value in fields:
        value.encode("ascii")  # as httpx does, which sends nothing else
    return Headers(fields)
