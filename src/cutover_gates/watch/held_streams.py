"""Streams that are held open through the cutover, as a ward's screen holds them.

Each has a thread that opens it, reads it, and opens it again when it ends: after the pause that the
server asks for (`retry` of server-sent events), else after `RETRY_SECONDS`. So a server that calls
everybody back at once shows it in the number of new connections per second.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import SystemRandom

import httpx

from cutover_gates.config.base import SettingsError
from cutover_gates.config.watch_stream import StreamKind, WatchStream
from cutover_gates.util.text import first_error_line
from cutover_gates.watch.record_lines import STREAM
from cutover_gates.watch.record_writer import RecordWriter

RETRY_SECONDS = 1.0
"""Mean seconds until a stream is opened again, drawn anew each time."""
CONNECT_SECONDS = 5.0
Header = Callable[[], tuple[str, str]]
"""Returns the header that shows the session. May raise."""
Read = Callable[["StreamAddress"], Iterator[float | None]]
"""Opens a stream, and yields for each sign of life: the pause that the server asks for, or None.

The first value comes when the stream is open. Raises where it breaks, and ends where it is closed.
"""


class StreamBroken(Exception):
    """A stream was away for longer than it may. The text says for how long, and why."""


@dataclass(frozen=True)
class StreamAddress:
    """Where the stream is, how it is spoken, and what shows the session."""

    url: httpx.URL
    settings: WatchStream
    header: Header | None

    def headers(self) -> dict[str, str]:
        """Return the headers of a new connection."""
        return dict([self.header()]) if self.header else {}


def make_address(base: str, settings: WatchStream, header: Header) -> StreamAddress:
    """Return the address. At another origin than the target's no session is shown."""
    url = httpx.URL(base).join(settings.path or "")
    own = httpx.URL(base)
    is_own = (url.scheme, url.host, url.port) == (own.scheme, own.host, own.port)
    return StreamAddress(url, settings, header if is_own else None)


def _read_events(address: StreamAddress) -> Iterator[float | None]:
    import httpx_sse  # here, because only a declared stream needs the extra `streams`

    timeout = httpx.Timeout(CONNECT_SECONDS, read=address.settings.silence_seconds)
    # Without the proxies of the environment, as all other requests to the target.
    with (
        httpx.Client(timeout=timeout, verify=httpx.create_ssl_context(), trust_env=False) as client,
        httpx_sse.connect_sse(client, "GET", str(address.url), headers=address.headers()) as source,
    ):
        source.response.raise_for_status()
        yield None
        for event in source.iter_sse():
            yield None if event.retry is None else event.retry / 1000


def _read_messages(address: StreamAddress) -> Iterator[float | None]:
    from websockets.sync.client import connect  # here, as above

    scheme = {"http": "ws", "https": "wss"}[address.url.scheme]
    pause = address.settings.silence_seconds / 2
    with connect(
        str(address.url.copy_with(scheme=scheme)),
        additional_headers=address.headers(),
        proxy=None,
        open_timeout=CONNECT_SECONDS,
        ping_interval=pause,
        ping_timeout=pause,
        close_timeout=1,
    ) as connection:
        yield None
        for _ in connection:
            yield None


READERS: dict[StreamKind, Read] = {
    StreamKind.SSE: _read_events,
    StreamKind.WEBSOCKET: _read_messages,
}


def require_stream_library(kind: StreamKind) -> None:
    """Raise `SettingsError` where what speaks this kind is not installed."""
    try:
        if kind is StreamKind.SSE:
            import httpx_sse  # noqa: F401  # only whether it is there
        else:
            import websockets.sync.client  # noqa: F401  # only whether it is there
    except ImportError:
        raise SettingsError(
            f'watch.stream: "{kind.value}" needs the extra `streams`:'
            ' pip install "cutover-gates[streams]"'
        ) from None


@dataclass
class HeldStream:
    """One stream. `number` tells it from the others in the record."""

    number: int
    address: StreamAddress
    writer: RecordWriter
    ended: threading.Event
    random: SystemRandom = field(default_factory=SystemRandom)

    def __post_init__(self) -> None:
        self._lock, self._is_first = threading.Lock(), True
        self._away_since: float | None = self.writer.clock()
        self._why, self._refusal, self._overlong = "it was not opened yet", "", ""
        self._pause = RETRY_SECONDS
        name = f"watch-stream-{self.number}"
        self.thread = threading.Thread(target=self._hold, daemon=True, name=name)

    def take_problem(self) -> str:
        """Return why the stream was away for too long since the last call; empty: it was not."""
        longest = self.address.settings.interruption_seconds
        with self._lock:
            problem, self._overlong = self._overlong, ""
            away = self.writer.clock() - self._away_since if self._away_since is not None else 0.0
            if away > longest:
                why = self._why + self._refusal
                return f"stream {self.number} is away for {away:.1f} s: {why}"
            return problem

    def _hold(self) -> None:
        while not self.ended.is_set():
            try:
                self._read_once()
                why = "the server closed it"
            # Whatever a server does in the middle of its cutover must not end the thread.
            except Exception as error:
                why = first_error_line(error) or type(error).__name__
            self._note_end(why)
            self.ended.wait(self._pause * self.random.uniform(0.5, 1.5))

    def _read_once(self) -> None:
        is_open = False
        for pause in READERS[self.address.settings.kind](self.address):
            if not is_open:
                is_open = True
                self._note_open()
            if pause is not None:
                self._pause = pause
            if self.ended.is_set():
                return

    def _note_open(self) -> None:
        with self._lock:
            away = self.writer.clock() - (self._away_since or 0.0)
            if away > self.address.settings.interruption_seconds:
                why = self._why + self._refusal
                self._overlong = f"stream {self.number} was away for {away:.1f} s: {why}"
            self._refusal = ""
            self._away_since, is_first, self._is_first = None, self._is_first, False
        self.writer.write(
            STREAM, stream=self.number, is_open=True, away=round(away, 3), is_first=is_first
        )

    def _note_end(self, why: str) -> None:
        with self._lock:
            was_open = self._away_since is None
            if was_open:
                self._away_since, self._why = self.writer.clock(), why
            else:
                self._refusal = f"; it was not opened again: {why}"
        if was_open and not self.ended.is_set():
            self.writer.write(STREAM, stream=self.number, is_open=False, why=why)


@dataclass
class HeldStreams:
    """All streams of a watcher."""

    address: StreamAddress
    writer: RecordWriter
    ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.streams = [
            HeldStream(number, self.address, self.writer, self.ended)
            for number in range(self.address.settings.connections)
        ]

    def start(self) -> None:
        """Open all of them."""
        for stream in self.streams:
            stream.thread.start()

    def close(self) -> None:
        """Have the threads end. One that waits for an event ends with the process."""
        self.ended.set()

    def require_alive(self) -> None:
        """Raise `StreamBroken` where one was away for too long since the last call."""
        problems = [problem for one in self.streams if (problem := one.take_problem())]
        if problems:
            raise StreamBroken(f"{len(problems)} of {len(self.streams)}: {problems[0]}")
