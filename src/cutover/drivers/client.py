"""What a driver needs of its HTTP client: two methods of `httpx.Client`, and little of what they
give. A load process has a leaner one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import httpx


class Came(Protocol):
    """An answer, wholly read, as the client gives it.

    The names of `headers` are found in any case.
    """

    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def content(self) -> bytes: ...


class Client(Protocol):
    """`httpx.Client` is one. `send` raises httpx's transport errors."""

    @property
    def cookies(self) -> httpx.Cookies: ...

    def build_request(
        self,
        method: str,
        url: httpx.URL | str,
        *,
        content: Any = None,
        data: Any = None,
        files: Any = None,
        json: Any = None,
        headers: Any = None,
        extensions: Any = None,
    ) -> httpx.Request: ...

    def send(self, request: httpx.Request) -> Came: ...
    def close(self) -> None: ...
