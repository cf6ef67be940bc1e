"""Requests that a target's document does not list: other methods, and headers of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cutover_gates.hospital.values import Operation

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing where a server keeps to HTTP (RFC 9110, 9.2.1)."""
OTHER_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "PATCH", "DELETE")
"""The methods that are tried. CONNECT speaks to proxies only."""
OVERRIDE_HEADERS = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
"""The headers by which frameworks let one method stand for another."""


@dataclass(frozen=True)
class UndocumentedRequest(Operation):
    """A request to a documented path that the document does not list.

    `headers` are sent besides those of the driver. `on_own_record` is set by the ledger's driver
    alone: every id in the path is one of a record that this run created.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    on_own_record: bool = False

    @property
    def parameters(self) -> frozenset[str]:
        """The names of the parameters in the path."""
        return frozenset(part.partition("}")[0] for part in self.path.split("{")[1:])

    def __str__(self) -> str:
        sent = "".join(f" with {name}: {value}" for name, value in self.headers.items())
        return f"{self.method} {self.path}{sent}"


def list_undocumented(operations: Iterable[Operation], method: str) -> list[UndocumentedRequest]:
    """Return a request with `method` for each protected path whose document does not list it.

    HEAD is GET without the body (RFC 9110, 9.3.2): where anybody may GET, anybody may HEAD.
    """
    operations = list(operations)
    public = {one.path for one in operations if one.method == "GET" and not one.protected}
    return [
        UndocumentedRequest(method, path, True, frozenset())
        for path, methods in _protected_paths(operations).items()
        if method not in methods and not (method == "HEAD" and path in public)
    ]


def list_overrides(operations: Iterable[Operation], method: str) -> list[UndocumentedRequest]:
    """Return requests to each protected path with a header that says `method` instead.

    They are a GET, and a POST where the document lists none: one that it lists does what it is for.
    """
    headers = dict.fromkeys(OVERRIDE_HEADERS, method)
    return [
        UndocumentedRequest(sent, path, True, frozenset(), headers=headers)
        for path, methods in _protected_paths(operations).items()
        for sent in ("GET", "POST")
        if sent == "GET" or sent not in methods
    ]


def _protected_paths(operations: Iterable[Operation]) -> Mapping[str, set[str]]:
    """Return the methods that the document lists, by each path of which one is protected."""
    listed = list(operations)
    paths: dict[str, set[str]] = {one.path: set() for one in listed if one.protected}
    for one in listed:
        if one.path in paths:
            paths[one.path].add(one.method)
    return paths
