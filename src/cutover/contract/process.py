"""The process of a run: `python -m cutover.contract.process`.

It is schemathesis' own `st run`, and knows three things more.

Its work comes as one line on standard input, and so do the tokens that it asks for: no secret
stands in a file, on a command line or in the environment. It ends when standard input does: no run
outlives the one who started it. And what it sees it tells line by line (`observer`), without a word
of what an answer holds.

Never imported by pytest: schemathesis takes a second to load.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import schemathesis
from hypothesis import strategies
from schemathesis import cli
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine.context import EngineContext

from cutover.contract.badge import Badge, unnamed
from cutover.contract.brief import CONFIG, DOCUMENT, REPORT, Brief
from cutover.contract.document import Described
from cutover.contract.forms import FORMS, allowed_as_sent
from cutover.contract.observer import observing

READING = frozenset({"GET", "HEAD"})
IDEMPOTENCY = "idempotency-key"
"""A header that is, by what it means, another one for each request: two bodies under one key are
the client's mistake.
"""
LIKELY = (date(1900, 1, 1), datetime.now(UTC).date())
"""The days that a well-formed request speaks of.

JSON Schema has no word for "not in the future", and no hospital takes a birth in the year 9000.
"""
ELSEWHERE = (
    ParameterLocation.PATH,
    ParameterLocation.QUERY,
    ParameterLocation.HEADER,
    ParameterLocation.COOKIE,
)

NO_SHARES = (
    "under max-time schemathesis gives every operation a share of the time, cuts what is slow at"
    " its share, and calls the run complete"
)
"""Why no operation gets one: it is asked to its end, and what does not come to its turn before the
time is over is seen to be missing.
"""

Case = schemathesis.Case[Any]


class Line:
    """The line to the one who started us: what we tell and ask goes out, tokens come in."""

    def __init__(self, into: IO[bytes], out: IO[bytes]) -> None:
        self._into, self._out = into, out
        self._lock = threading.Lock()
        self._tokens: queue.Queue[dict[str, Any]] = queue.Queue()

    def listen(self) -> None:
        """From now on, the end of standard input is ours."""
        threading.Thread(target=self._listen, daemon=True).start()

    def tell(self, note: dict[str, Any]) -> None:
        with self._lock:
            self._out.write(json.dumps(note).encode() + b"\n")
            self._out.flush()

    def token(self) -> tuple[str, float | None]:
        """A token that lives, and for how many seconds.

        Raises PermissionError where the account is not let in any more.
        """
        self.tell({"kind": "token"})
        answer = self._tokens.get()
        if "token" not in answer:
            raise PermissionError(answer["refused"])
        return answer["token"], answer["seconds"]

    def _listen(self) -> None:
        for line in self._into:
            self._tokens.put(json.loads(line))
        os._exit(1)


def main() -> None:
    """Read the brief, run, tell how it ended."""
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # whoever started us may have been deaf to it, and left us so
    line = Line(sys.stdin.buffer, os.fdopen(os.dup(1), "wb"))
    brief = Brief.from_line(sys.stdin.buffer.readline())
    line.listen()
    os.dup2(
        os.open(os.devnull, os.O_WRONLY), 1
    )  # what schemathesis prints may hold what an answer held
    os.chdir(brief.folder)
    badge = Badge(line.token)
    _sign_in(brief, badge)
    _guard(brief)
    EngineContext.take_operation_slice = EngineContext.release_operation_slice  # type: ignore[method-assign]  # see NO_SHARES
    _judge(Described(json.loads(Path(DOCUMENT).read_text(encoding="utf-8")), brief.root))
    schemathesis.openapi.format("date", strategies.dates(*LIKELY).map(str))
    cli.handler()(observing(line.tell, brief.header))
    arguments = [
        "--config-file",
        CONFIG,
        "run",
        DOCUMENT,
        "--url",
        brief.root,
        "--no-color",
        "--report-json-path",
        REPORT,
    ]
    try:
        cli.schemathesis.main(arguments, prog_name="st")
    finally:
        if why := badge.trouble:
            line.tell({"kind": "shut out", "why": why})
        line.tell({"kind": "ended"})


def _sign_in(brief: Brief, badge: Badge) -> None:
    """Every protected operation shows the token."""

    class Token:
        def get(self, _case: Case, _context: schemathesis.AuthContext) -> str:
            return badge.show()

        def set(self, case: Case, data: str, _context: schemathesis.AuthContext) -> None:
            case.headers[brief.header] = data

    def after_call(
        _context: schemathesis.HookContext, case: Case, response: schemathesis.Response
    ) -> None:
        badge.answered(
            response.request.headers.get(brief.header), response.status_code, case.operation.label
        )

    protected = frozenset(brief.protected)
    schemathesis.auth(refresh_interval=None).apply_to(
        lambda context: context.operation.label in protected
    )(Token)
    schemathesis.hook(after_call)


def _guard(brief: Brief) -> None:
    """The last look before the wire."""
    protected, accounts = frozenset(brief.protected), frozenset(brief.accounts)

    def before_call(
        _context: schemathesis.HookContext, case: Case, _kwargs: dict[str, Any]
    ) -> None:
        if brief.reads_only and case.method.upper() not in READING:
            raise PermissionError(f"{case.method} {case.path} does not only read, and was not sent")
        if case.operation.label not in protected:
            case.body = unnamed(case.body, accounts)
        if well_formed(case) and (
            name := next((name for name in case.headers if name.lower() == IDEMPOTENCY), None)
        ):
            case.headers[name] = uuid4().hex

    schemathesis.hook(before_call)


def _judge(described: Described) -> None:
    """What schemathesis takes for a broken promise, and is none."""

    def filter_failure(
        _context: schemathesis.HookContext,
        failure: Failure,
        case: Case,
        _response: schemathesis.Response,
    ) -> bool:
        if (
            not isinstance(failure, AcceptedNegativeData)
            or case.media_type not in FORMS
            or not isinstance(case.body, dict)
        ):
            return True
        elsewhere = case.meta is None or any(case.meta.is_negative_at(place) for place in ELSEWHERE)
        return elsewhere or not allowed_as_sent(
            described, case.operation.label, str(case.media_type), case.body
        )

    schemathesis.hook(filter_failure)


def well_formed(case: Case) -> bool:
    """Whether it is meant to be as the document wants it."""
    return case.meta is None or case.meta.generation.mode.is_positive


if __name__ == "__main__":
    main()
