"""Faults of a blue-green rollout: after the switch there is no way back that is ready."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from cutover_gates.probes.rollout import rules
from cutover_gates.probes.rollout.kept_release import KeptRelease
from cutover_gates.util.http_client import BoundedHttpClient
from tests.faults.steps.step_fault import StepSourceFault
from tests.standins.http_server import HttpServerStandin, json_reply, running_http_standin

NEW, OLD, HEADER = "2.0.0", "1.9.0", "X-Release"
KEPT = "test_the_release_before_is_kept_ready"
PATHS = ("/blue-1/ready", "/blue-2/ready")


class KeptFault(StepSourceFault):
    """Two instances of the release before are declared; `harm` changes what they answer."""

    item, gate, check = "full-deployment", "phase2-100", KEPT
    breaks = (rules.OLD_RELEASE_KEPT,)
    paths: ClassVar[tuple[str, ...]] = PATHS

    @classmethod
    def harm(cls, blue: HttpServerStandin) -> None:
        """Change the instances; by default nothing is wrong."""

    @classmethod
    @contextmanager
    def ask(cls) -> Iterator[Mapping[str, Any]]:
        """Yield the fixture of the check, over real sockets."""
        with running_http_standin() as blue:
            for path in PATHS:
                blue.answers[f"GET {path}"] = json_reply({}, X_Release=OLD)
            cls.harm(blue)
            urls = [path if "//" in path else blue.url + path for path in cls.paths]
            client = BoundedHttpClient(2.0)
            yield {"kept_release": KeptRelease(True, urls, NEW, HEADER, client.get)}


class OneInstanceOfBlueIsNotReady(KeptFault):
    """Its pool was closed to save connections: at the way back half of the wards see errors."""

    shows = "/blue-2/ready | an instance of the release before that is ready | status 503 |"

    @classmethod
    def harm(cls, blue: HttpServerStandin) -> None:
        """Let one instance say that it is not ready."""
        blue.answers[f"GET {PATHS[1]}"] = json_reply({}, 503, X_Release=OLD)


class BlueWasRemoved(KeptFault):
    """Its pods were deleted with the switch: the way back is a deployment of minutes."""

    shows = "an instance of the release before that is ready | it refuses connections |"
    paths = ("http://127.0.0.1:9/ready",)


class BlueIsGreen(KeptFault):
    """Both colours were updated: who switches back meets the failed release again."""

    shows = "| an instance of the release before that is ready | release 2.0.0 |"

    @classmethod
    def harm(cls, blue: HttpServerStandin) -> None:
        """Give one instance the new release."""
        blue.answers[f"GET {PATHS[0]}"] = json_reply({}, X_Release=NEW)


class NobodyNamedBlue(KeptFault):
    """Whether it is still there was never looked at."""

    outcome, paths = "not proven", ()
    shows = "rollout.kept_urls"


class BlueDoesNotNameItsRelease(KeptFault):
    """Something answers at the old address; what it is, nobody knows."""

    outcome = "not proven"
    shows = "its answer names no release"

    @classmethod
    def harm(cls, blue: HttpServerStandin) -> None:
        """Leave the header out."""
        blue.answers[f"GET {PATHS[0]}"] = json_reply({})
