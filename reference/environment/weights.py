"""The weights of the backends behind the proxy, set by Caddy's administration API over a socket.

    admin = CaddyAdmin(directory / "caddy.sock")
    admin.set_weights(share_weights(old=["127.0.0.1:1"], new=["127.0.0.1:2"], percent=10))

A backend of weight n stands n times in the list from which the policy `random` draws: Caddy's own
weighted policy goes round in a fixed cycle, and a client of a fixed cycle meets it always at the
same place. One request changes list and policy together, and what is under way ends where it began
(docs/decisions/0088-weights-by-caddys-api.md).
"""

from __future__ import annotations

import http.client
import json
import math
import socket
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 60.0
"""Seconds for an answer: Caddy answers once the new configuration serves."""
MOST_ENTRIES = 200
"""Entries of the list. Caddy asks each of them for its health, so ten times as many cost more."""
_PERCENT = 100


class WeightsNotSet(Exception):
    """The proxy did not take the weights; the message is one sentence."""


def share_weights(old: Sequence[str], new: Sequence[str], percent: int) -> dict[str, int]:
    """Return the smallest weights with which all of `new` together get `percent` of the requests.

    The backends of one release share alike. Raises `ValueError` for a share that nobody can serve.
    """
    if not 0 <= percent <= _PERCENT:
        raise ValueError(f"a share is 0 to 100 %, not {percent}")
    if (percent and not new) or (percent < _PERCENT and not old):
        raise ValueError(f"there is no backend that could serve {percent} % or the rest")
    for_new, for_old = percent * max(len(old), 1), (_PERCENT - percent) * max(len(new), 1)
    divisor = math.gcd(for_new, for_old)
    weights = dict.fromkeys(old, for_old // divisor)
    weights |= dict.fromkeys(new, for_new // divisor)
    return {backend: weight for backend, weight in weights.items() if weight}


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=SECONDS)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@dataclass(frozen=True)
class CaddyAdmin:
    """Caddy's administration API at the socket `path`. Its methods raise `WeightsNotSet`."""

    path: Path

    def get_weights(self) -> dict[str, int]:
        """Return the weight of each backend (`host:port`)."""
        _, handler, _ = self._find_proxy()
        return dict(Counter(upstream["dial"] for upstream in handler["upstreams"]))

    def set_weights(self, weights: Mapping[str, int]) -> None:
        """Give each backend its weight, and take out whoever is not named or has none.

        Who changed the configuration in the meantime is not overwritten.
        """
        entries = [backend for backend, weight in weights.items() for _ in range(weight)]
        if not 0 < len(entries) <= MOST_ENTRIES:
            raise WeightsNotSet(f"the weights add up to {len(entries)}, not 1 to {MOST_ENTRIES}")
        place, handler, tag = self._find_proxy()
        handler["upstreams"] = [{"dial": backend} for backend in entries]
        balancing = handler.setdefault("load_balancing", {})
        balancing["selection_policy"] = {"policy": "random"}
        self._ask("PATCH", f"/config/{place}", handler, tag)

    def _find_proxy(self) -> tuple[str, dict[str, Any], str]:
        """Return the place of the one reverse proxy, its configuration, and the tag of that."""
        config, _ = self._ask("GET", "/config/")
        places = [place for place, _ in _find_handlers(config, [])]
        if len(places) != 1:
            raise WeightsNotSet(f"the proxy has {len(places)} reverse proxies, not one")
        handler, tag = self._ask("GET", f"/config/{places[0]}")
        return places[0], handler, tag

    def _ask(self, method: str, path: str, body: object = None, tag: str = "") -> tuple[Any, str]:
        connection = _SocketConnection(self.path)
        headers = {"Content-Type": "application/json", **({"If-Match": tag} if tag else {})}
        try:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise WeightsNotSet(f"the proxy does not answer at {self.path}: {error}") from None
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK:
            text = content.decode(errors="replace").strip()[-300:]
            raise WeightsNotSet(f"the proxy answered {answer.status}: {text}")
        return json.loads(content) if content.strip() else None, answer.headers.get("Etag", "")


def _find_handlers(config: object, place: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each reverse proxy of a configuration, with its place in it.

    One that serves only requests with a certain header has no share of the others.
    """
    if isinstance(config, dict):
        if any("header" in one for one in config.get("match") or ()):
            return
        if config.get("handler") == "reverse_proxy":
            yield "/".join(place), config
        for name, value in config.items():
            yield from _find_handlers(value, [*place, name])
    elif isinstance(config, list):
        for number, value in enumerate(config):
            yield from _find_handlers(value, [*place, str(number)])
