"""The release before behind the proxy, and the switch from it to the new instances.

The proxy starts with the release before as its only backend. `Switch.set_weights` and `turn_to`
change its backends over a socket of Caddy in the private directory of the run: no listener closes,
and what is under way ends on the old backend (docs/decisions/0081, 0088).
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reference.environment import instance, proxy, readiness
from reference.environment.part import Part, pid_file
from reference.environment.weights import CaddyAdmin, WeightsNotSet
from reference.settings import RELEASE, Settings

NAME = "instance-before"
SOCKET = "caddy.sock"
SECONDS = 60.0
"""Seconds for each step; an idle machine needs one."""
PIN_FIELD = "X-Release-Wanted"
"""A request with this header and the name of the new release as its value gets that release."""
_PINS = Path(__file__).with_name("Caddyfile.pinned")
GRACE = "30s"
"""What is under way when the proxy turns has as long as a process has to drain."""
HEALTH_TIMEOUT = "3s"
"""One backend alone serves before the switch: who leaves it out for a slow answer serves nobody."""


class NotSwitched(Exception):
    """The proxy does not serve what it must; the message is one sentence."""


@dataclass(frozen=True)
class Switch:
    """The release before at `port`, and the proxy's socket. `front` is the proxy's address.

    `pinned` are the backends of the requests that ask for the new release by `PIN_FIELD`.
    """

    settings: Settings
    directory: Path
    port: int
    front: str
    certificate_files: proxy.CertificateFiles
    health_interval: str = "1s"
    pinned: Sequence[str] = ()

    @property
    def address(self) -> str:
        """The `host:port` of the release before."""
        return f"127.0.0.1:{self.port}"

    @property
    def open_marker(self) -> Path:
        """The file that tells the release before that its database may be used."""
        return self.directory / "open-before"

    @property
    def socket(self) -> str:
        """The address of Caddy's socket, as its file takes it."""
        return f"unix/{self.directory / SOCKET}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the proxy that let it turn."""
        pins = {
            "PROXY_MORE": str(_PINS),
            "PROXY_PIN": f"{PIN_FIELD} {RELEASE}",
            "PROXY_PINNED": " ".join(self.pinned),
        }
        return {
            "PROXY_ADMIN": f"{self.socket}|0600",
            "PROXY_GRACE": GRACE,
            "PROXY_HEALTH_TIMEOUT": HEALTH_TIMEOUT,
            "PROXY_HEALTH_INTERVAL": self.health_interval,
            **(pins if self.pinned else {}),
        }

    def part(self) -> Part:
        """Return the release before as a part. It is not started again: it ends in order."""
        return instance.part(self.settings, self.port, self.open_marker, NAME, restart=False)

    def wait_until_it_serves(self, answering_marker: Path) -> None:
        """Let the release before begin, and wait until it answers through the proxy."""
        self.open_marker.touch()
        url = f"http://{self.address}/version"
        self._wait(lambda: readiness.get_headers(url) is not None, "the release before")
        answering_marker.touch()
        self._wait_for_backends([self.address])

    def set_weights(self, weights: Mapping[str, int]) -> None:
        """Have the proxy draw the backend of each request by these weights (`weights`)."""
        try:
            CaddyAdmin(self.directory / SOCKET).set_weights(weights)
        except WeightsNotSet as error:
            raise NotSwitched(f"the proxy was not switched: {error}") from None

    def turn_to(self, backends: Sequence[str]) -> None:
        """Have the proxy serve these backends alike, and end the release before in order."""
        self.set_weights(dict.fromkeys(backends, 1))
        self._wait_for_backends(backends)
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            os.kill(int(pid_file(self.directory, NAME).read_text()), signal.SIGTERM)

    def _wait_for_backends(self, backends: Sequence[str]) -> None:
        has_answered = readiness.all_answer(
            self.front, self.certificate_files.authority, proxy.INSTANCE_HEADER, set(backends)
        )
        self._wait(has_answered, f"the proxy before {' and '.join(backends)}")

    @staticmethod
    def _wait(question: readiness.Question, name: str) -> None:
        if readiness.wait_for({name: question}, SECONDS):
            raise NotSwitched(f"{name} did not answer within {SECONDS:g} s")
