"""`[targets.NAME.watch.stream]`: a long answer that the watcher holds open through the cutover."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from cutover_gates.config.base import LOOSER_ABOVE, Seconds, SettingsTable


class StreamKind(StrEnum):
    """How a stream is spoken."""

    SSE = "sse"
    WEBSOCKET = "websocket"


class WatchStream(SettingsTable):
    """A stream that people's screens hold open: server-sent events, or a WebSocket.

    Without `path` the target is declared to have none.
    """

    path: str | None = Field(
        default=None,
        examples=["/api/v1/events"],
        description=(
            "The address of the stream, seen from the target's. At another origin no session is"
            " shown. Without it streams are declared not applicable."
        ),
    )
    kind: StreamKind = Field(
        default=StreamKind.SSE, examples=["websocket"], description="How the stream is spoken."
    )
    connections: int = Field(
        default=1, ge=1, le=100, description="How many of them the watcher holds at the same time."
    )
    silence_seconds: Seconds = Field(
        default=30,
        le=600,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "Seconds without an event, a comment (SSE) or an answer to a ping (WebSocket) after"
            " which a stream counts as broken."
        ),
    )
    interruption_seconds: Seconds = Field(
        default=5,
        le=600,
        json_schema_extra=LOOSER_ABOVE,
        description="The longest time for which a stream may be away, until it is open again.",
    )
    most_new_connections: int | None = Field(
        default=None,
        ge=1,
        examples=[20],
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "The most new connections of the watcher's streams within a second. Their peak is told"
            " in any case; without this key it is not judged."
        ),
    )
