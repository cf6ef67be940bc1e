"""`[targets.NAME.watch]`: what the watcher asks, and what its record must show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from cutover_gates.config.base import LOOSER_ABOVE, LOOSER_BELOW, Seconds, SettingsTable
from cutover_gates.config.watch_stream import WatchStream

Interval = Annotated[float, Field(ge=0.05, le=60, json_schema_extra=LOOSER_ABOVE)]
"""Mean seconds between two probes of a path."""


class WatchPaths(SettingsTable):
    """The critical paths, each with the mean seconds between two probes of it.

    The moments are drawn anew, so that no cycle of a load balancer hides an instance. A gap of the
    service is known as exactly as the interval of the path that sees it. The times of the SLOW ones
    are those of a slow line.
    """

    SLOW: ClassVar[frozenset[str]] = frozenset({"upload-slow", "download-slow"})

    sign_in: Interval = Field(default=5, description="Sign in and out.")
    read: Interval = Field(default=0.1, description="Read a patient, in any role that may.")
    search: Interval = Field(default=0.5, description="Find a patient by the record number.")
    write: Interval = Field(default=0.25, description="Change a patient of the watcher's own.")
    registration: Interval = Field(
        default=5, description="Register a patient twice under one idempotency key."
    )
    across_releases: Interval = Field(
        default=2,
        description=(
            "Read a patient whom perhaps the other release registered, and repeat the registration."
        ),
    )
    visit: Interval = Field(default=5, description="Open a visit.")
    upload: Interval = Field(default=5, description="File a small document.")
    download: Interval = Field(default=1, description="Read the bytes of a small document.")
    upload_slow: Interval = Field(
        default=10, description="File a document whose bytes leave during `slow_seconds`."
    )
    download_slow: Interval = Field(
        default=10,
        description=(
            "Read the largest document, as slowly as a poor line does, during `slow_seconds`."
        ),
    )
    stream: Interval = Field(
        default=0.5,
        description="Look whether the streams are there that are held open (`watch.stream`).",
    )
    old_session: Interval = Field(
        default=1, description="Read with the session that was opened when the watcher began."
    )
    new_connection: Interval = Field(
        default=1, description="Read over a connection that is opened for it."
    )

    def intervals(self) -> dict[str, float]:
        """Return the interval of each path by its name, such as `sign-in`."""
        return {name.replace("_", "-"): value for name, value in self.model_dump().items()}


def check_timed_paths(names: Sequence[str]) -> None:
    """Raise `ValueError` for a name that is no path whose time is the target's."""
    paths = [name for name in WatchPaths().intervals() if name not in WatchPaths.SLOW]
    for name in names:
        if name not in paths:
            raise ValueError(
                f"response_operations: the watcher has no path {name!r} whose time is the target's;"
                f" write some of {', '.join(paths)}"
            )


class Watch(SettingsTable):
    """The watcher: `cutover-gates watch`."""

    folder: Path = Field(
        default=Path("reports/watch"),
        description=(
            "The folder of the records, with a folder for each target. The gates read it, also over"
            " a shared volume."
        ),
    )
    begins: AwareDatetime | None = Field(
        default=None,
        examples=["2026-11-30T02:00:00+01:00"],
        description=(
            "The moment from which the cutover must be watched (T-0), with its zone. Without it"
            " zero downtime is not proven: the record could begin after an outage."
        ),
    )
    ends: AwareDatetime | None = Field(
        default=None,
        examples=["2026-11-30T04:30:00+01:00"],
        description=(
            "The moment until which it must be watched. Default: the moment of the gate, so that"
            " the watcher must still run."
        ),
    )
    longest_gap_seconds: Seconds = Field(
        default=1,
        le=60,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "The longest single gap of the service that is no downtime, in seconds. An answer that"
            " takes longer is a failure, but for the slow paths. The watcher's own gaps have the"
            " same limit."
        ),
    )
    gap_share: float = Field(
        default=0.01,
        gt=0,
        lt=1,
        json_schema_extra=LOOSER_ABOVE,
        description="The share of the watched time that all gaps together may have.",
    )
    error_share: float = Field(
        default=0.001,
        gt=0,
        lt=1,
        json_schema_extra=LOOSER_ABOVE,
        description="The share of all probes that may fail during the cutover.",
    )
    timeout_seconds: Seconds = Field(
        default=3,
        le=60,
        json_schema_extra=LOOSER_ABOVE,
        description="Seconds after which a probe without an answer has failed.",
    )
    slow_seconds: Seconds = Field(
        default=4,
        le=60,
        json_schema_extra=LOOSER_BELOW,
        description="Seconds that the bytes of a slow upload and a slow download take.",
    )
    paths: WatchPaths = Field(
        default=WatchPaths(), description="How often each critical path is asked."
    )
    stream: WatchStream = Field(
        default=WatchStream(), description="A stream that is held open through the cutover."
    )
