"""The process of a run: `python -m cutover_gates.probes.api.fuzzing.fuzz_process`.

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

from cutover_gates.probes.api.document.openapi_document import ApiDocument
from cutover_gates.probes.api.document.schema_validation import FORM_MEDIA_TYPES, is_form_allowed
from cutover_gates.probes.api.fuzzing.fuzz_observer import create_observer
from cutover_gates.probes.api.fuzzing.fuzz_process_input import (
    CONFIG_FILE,
    DOCUMENT_FILE,
    REPORT_FILE,
    FuzzProcessConfig,
    TokenProvider,
    mask_account_names,
)

READ_ONLY_METHODS = frozenset({"GET", "HEAD"})
IDEMPOTENCY_HEADER = "idempotency-key"
"""A header that is, by what it means, another one for each request: two bodies under one key are
the client's mistake.
"""
DATE_RANGE = (date(1900, 1, 1), datetime.now(UTC).date())
"""The days that a well-formed request speaks of.

JSON Schema has no word for "not in the future", and no hospital takes a birth in the year 9000.
"""
PARAMETER_PLACES = (
    ParameterLocation.PATH,
    ParameterLocation.QUERY,
    ParameterLocation.HEADER,
    ParameterLocation.COOKIE,
)

NO_OPERATION_SHARES = (
    "under max-time schemathesis gives every operation a share of the time, cuts what is slow at"
    " its share, and calls the run complete"
)
"""Why no operation gets one: it is asked to its end, and what does not come to its turn before the
time is over is seen to be missing.
"""

Case = schemathesis.Case[Any]


class ParentConnection:
    """The line to the one who started us: what we tell and ask goes out, tokens come in."""

    def __init__(self, into: IO[bytes], out: IO[bytes]) -> None:
        self._into, self._out = into, out
        self._lock = threading.Lock()
        self._tokens: queue.Queue[dict[str, Any]] = queue.Queue()

    def listen(self) -> None:
        """From now on, the end of standard input is ours."""
        threading.Thread(target=self._read_tokens, daemon=True).start()

    def send_note(self, note: dict[str, Any]) -> None:
        with self._lock:
            self._out.write(json.dumps(note).encode() + b"\n")
            self._out.flush()

    def request_token(self) -> tuple[str, float | None]:
        """A token that lives, and for how many seconds.

        Raises PermissionError where the account is not let in any more.
        """
        self.send_note({"kind": "token"})
        answer = self._tokens.get()
        if "token" not in answer:
            raise PermissionError(answer["refused"])
        return answer["token"], answer["seconds"]

    def _read_tokens(self) -> None:
        for line in self._into:
            self._tokens.put(json.loads(line))
        os._exit(1)


def main() -> None:
    """Read the brief, run, tell how it ended."""
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # whoever started us may have been deaf to it, and left us so
    line = ParentConnection(sys.stdin.buffer, os.fdopen(os.dup(1), "wb"))
    brief = FuzzProcessConfig.from_line(sys.stdin.buffer.readline())
    line.listen()
    os.dup2(
        os.open(os.devnull, os.O_WRONLY), 1
    )  # what schemathesis prints may hold what an answer held
    os.chdir(brief.folder)
    badge = TokenProvider(line.request_token)
    _install_authentication(brief, badge)
    _install_request_guard(brief)
    EngineContext.take_operation_slice = EngineContext.release_operation_slice  # type: ignore[method-assign]  # see NO_SHARES
    _install_failure_filter(
        ApiDocument(json.loads(Path(DOCUMENT_FILE).read_text(encoding="utf-8")), brief.root)
    )
    schemathesis.openapi.format("date", strategies.dates(*DATE_RANGE).map(str))
    cli.handler()(create_observer(line.send_note, brief.header))
    arguments = [
        "--config-file",
        CONFIG_FILE,
        "run",
        DOCUMENT_FILE,
        "--url",
        brief.root,
        "--no-color",
        "--report-json-path",
        REPORT_FILE,
    ]
    try:
        cli.schemathesis.main(arguments, prog_name="st")
    finally:
        if why := badge.lockout_reason:
            line.send_note({"kind": "shut out", "why": why})
        line.send_note({"kind": "ended"})


def _install_authentication(brief: FuzzProcessConfig, badge: TokenProvider) -> None:
    """Every protected operation shows the token."""

    class Token:
        def get(self, _case: Case, _context: schemathesis.AuthContext) -> str:
            return badge.get_token()

        def set(self, case: Case, data: str, _context: schemathesis.AuthContext) -> None:
            case.headers[brief.header] = data

    def after_call(
        _context: schemathesis.HookContext, case: Case, response: schemathesis.Response
    ) -> None:
        badge.record_answer(
            response.request.headers.get(brief.header), response.status_code, case.operation.label
        )

    protected = frozenset(brief.protected)
    schemathesis.auth(refresh_interval=None).apply_to(
        lambda context: context.operation.label in protected
    )(Token)
    schemathesis.hook(after_call)


def _install_request_guard(brief: FuzzProcessConfig) -> None:
    """The last look before the wire."""
    protected, accounts = frozenset(brief.protected), frozenset(brief.accounts)

    def before_call(
        _context: schemathesis.HookContext, case: Case, _kwargs: dict[str, Any]
    ) -> None:
        if brief.reads_only and case.method.upper() not in READ_ONLY_METHODS:
            raise PermissionError(f"{case.method} {case.path} does not only read, and was not sent")
        if case.operation.label not in protected:
            case.body = mask_account_names(case.body, accounts)
        if is_well_formed(case) and (
            name := next(
                (name for name in case.headers if name.lower() == IDEMPOTENCY_HEADER), None
            )
        ):
            case.headers[name] = uuid4().hex

    schemathesis.hook(before_call)


def _install_failure_filter(described: ApiDocument) -> None:
    """What schemathesis takes for a broken promise, and is none."""

    def filter_failure(
        _context: schemathesis.HookContext,
        failure: Failure,
        case: Case,
        _response: schemathesis.Response,
    ) -> bool:
        if (
            not isinstance(failure, AcceptedNegativeData)
            or case.media_type not in FORM_MEDIA_TYPES
            or not isinstance(case.body, dict)
        ):
            return True
        elsewhere = case.meta is None or any(
            case.meta.is_negative_at(place) for place in PARAMETER_PLACES
        )
        return elsewhere or not is_form_allowed(
            described, case.operation.label, str(case.media_type), case.body
        )

    schemathesis.hook(filter_failure)


def is_well_formed(case: Case) -> bool:
    """Whether it is meant to be as the document wants it."""
    return case.meta is None or case.meta.generation.mode.is_positive


if __name__ == "__main__":
    main()
