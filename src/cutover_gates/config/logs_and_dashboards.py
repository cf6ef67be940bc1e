"""Logs, dashboards and channels: parts of `[targets.NAME.monitoring]`."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from cutover_gates.config.base import (
    LEAVES_OUT,
    LOOSER_ABOVE,
    LOOSER_FEWER,
    Seconds,
    SettingsTable,
)


class LogSettings(SettingsTable):
    """Where the target's log is found, and how its lines are read."""

    kind: Literal["file", "loki", "elasticsearch", "kubectl"] | None = Field(
        default=None,
        description=(
            "What keeps the log: a `file` on this machine, `loki`, `elasticsearch` (also"
            " OpenSearch), or `kubectl` for `kubectl logs`. An embedded target brings its file."
        ),
    )
    path: Path | None = Field(default=None, description="For `file`: the log.")
    further_paths: tuple[str, ...] = Field(
        default=(),
        examples=[["/var/log/hospital/second.log", "/var/log/hospital/*/app.log"]],
        description=(
            "For `file`: the logs of further instances, also as patterns, which must not find"
            " rotated copies. The rollback triggers read them, too."
        ),
    )
    url: str | None = Field(
        default=None, description="For `loki` and `elasticsearch`: where it answers."
    )
    index: str = Field(
        default="logs-*", description="For `elasticsearch`: the indices that are searched."
    )
    selector: str | None = Field(
        default=None,
        description=(
            'For `loki` the stream, such as `{app="hospital"}`; for `kubectl` the pods, such as '
            "`app=hospital`."
        ),
    )
    namespace: str = Field(default="default", description="For `kubectl`: the namespace.")
    context: str | None = Field(
        default=None,
        description="For `kubectl`: the context of its configuration. Default: the current one.",
    )
    token_file: Path | None = Field(
        default=None, description="For `loki` and `elasticsearch`: a file with the token."
    )
    token_scheme: Literal["Bearer", "ApiKey", "Basic"] = Field(
        default="Bearer", description="What stands before the token in `Authorization`."
    )
    ca_file: Path | None = Field(
        default=None,
        description="The authority of its certificate, where it is not a well-known one.",
    )
    pattern: str | None = Field(
        default=None,
        description=(
            "For lines that are no JSON: a regular expression with the groups `time`, `level`, "
            "`request_id`."
        ),
    )
    time: str = Field(
        default="time",
        description=(
            "The field of a line's time (ISO 8601, or seconds since 1970); a dot leads into a"
            " table."
        ),
    )
    level: str = Field(default="level", description="The field of its level.")
    request_id: str = Field(default="request_id", description="The field of the request's id.")
    sqlstate: str = Field(
        default="sqlstate",
        description=(
            "The field of the SQLSTATE of a failed database call. A line without it is searched for"
            " one, and for the words of PostgreSQL and its usual drivers."
        ),
    )
    release: str | None = Field(
        default=None,
        examples=["service.version"],
        description=(
            "The field of the release that wrote a line. Without one every line counts for the new"
            " release."
        ),
    )
    instance: str | None = Field(
        default=None,
        examples=["kubernetes.pod_name"],
        description=(
            "The field of the instance that wrote a line, such as its pod: what an instance logs"
            " while it is taken away does not count."
        ),
    )
    levels: tuple[str, ...] = Field(
        default=("debug", "info", "notice", "warning", "warn", "error", "critical", "fatal"),
        min_length=1,
        description="The levels that there are, in either case of letters.",
    )
    error_levels: tuple[str, ...] = Field(
        default=("error", "critical", "fatal"),
        min_length=1,
        json_schema_extra=LOOSER_FEWER,
        description="Those of them that tell of an error.",
    )
    seconds: Seconds = Field(
        default=10,
        le=300,
        json_schema_extra=LOOSER_ABOVE,
        description="Seconds within which a line must be found after its request.",
    )
    clock_seconds: Seconds = Field(
        default=5,
        le=300,
        json_schema_extra=LOOSER_ABOVE,
        description="Seconds by which a line's time may differ from when its request was made.",
    )
    rolled_back: datetime | None = Field(
        default=None,
        description=(
            "When the rollback was done, with its zone: `2026-11-28T02:40:00Z`. Gate "
            "`rollback` reads the log from there."
        ),
    )

    @field_validator("pattern")
    @classmethod
    def _check_pattern(cls, value: str | None) -> str | None:
        try:
            groups = re.compile(value).groupindex if value is not None else {}
        except re.error as error:
            raise ValueError(f"that is no regular expression: {error}") from None
        if value is not None and not {"time", "level", "request_id"} <= set(groups):
            raise ValueError(
                "the expression needs the groups (?P<time>…), (?P<level>…) and (?P<request_id>…)"
            )
        return value

    @field_validator("rolled_back")
    @classmethod
    def _require_time_zone(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(
                "a time without its zone may be hours off: write one such as 2026-11-28T02:40:00Z"
            )
        return value


class DashboardSettings(SettingsTable):
    """The dashboards that the team watches during the cutover."""

    grafana: str | None = Field(default=None, description="The Grafana that shows them.")
    uids: tuple[str, ...] = Field(
        default=(), description="The dashboards, by uid: the part of their address after `/d/`."
    )
    token_file: Path | None = Field(
        default=None, description="A file with the token of a service account that may view them."
    )
    ca_file: Path | None = Field(
        default=None,
        description="The authority of its certificate, where it is not a well-known one.",
    )
    minutes: int = Field(
        default=15,
        le=1440,
        ge=1,
        json_schema_extra=LOOSER_ABOVE,
        description="Minutes up to now in which every query must find data.",
    )
    empty: dict[str, str] = Field(
        default={},
        json_schema_extra=LEAVES_OUT,
        description=(
            "Panels that show nothing while all is well, as `UID/title`, each with its reason."
        ),
    )
    variables: dict[str, str] = Field(
        default={},
        description=(
            "Values of the dashboards' variables, where the saved one is not the right one."
        ),
    )


class ChannelSettings(SettingsTable):
    """One place where the team is told: Slack, PagerDuty, e-mail."""

    apprise_url: SecretStr | None = Field(
        default=None,
        description=(
            "Where the message goes, as Apprise writes it: `slack://…`, `pagerduty://…`, "
            "`mailto://…`. It holds a secret."
        ),
    )
    apprise_url_file: Path | None = Field(
        default=None, description="A file that holds it, instead of the environment."
    )
