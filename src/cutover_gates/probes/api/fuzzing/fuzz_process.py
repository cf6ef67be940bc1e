"""The process of a run: `python -m cutover_gates.probes.api.fuzzing.fuzz_process`.

It is schemathesis' own `st run`, with four additions:

- Its config comes as one line on standard input, and so do the tokens that it asks for: no secret
  stands in a file, on a command line or in the environment.
- What an answer may cost is bounded (`bounded_answers`).
- It ends when standard input does: no run outlives the process that starts it.
- What it observes it writes line by line (`fuzz_observer`), without the content of an answer.

Never imported by pytest: schemathesis takes a second to load.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import schemathesis
from hypothesis import strategies
from schemathesis import cli
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import MissingHeaderNotRejected, RejectedPositiveData

from cutover_gates.probes.api.document.openapi_document import ApiDocument
from cutover_gates.probes.api.document.schema_validation import FORM_MEDIA_TYPES, is_form_allowed
from cutover_gates.probes.api.fuzzing.bounded_answers import bound_answers, limit_memory
from cutover_gates.probes.api.fuzzing.declared_refusals import UNAUTHENTICATED, DeclaredRefusals
from cutover_gates.probes.api.fuzzing.fuzz_observer import create_observer
from cutover_gates.probes.api.fuzzing.fuzz_process_input import (
    CONFIG_FILE,
    DOCUMENT_FILE,
    REPORT_FILE,
    FuzzProcessConfig,
    ParentConnection,
    TokenProvider,
    drop_connection_headers,
    mask_account_names,
)
from cutover_gates.probes.api.fuzzing.schemathesis_internals import (
    accept_refusals,
    disable_operation_shares,
    withhold_header,
)

READ_ONLY_METHODS = frozenset({"GET", "HEAD"})
IDEMPOTENCY_HEADER = "idempotency-key"
"""A header that must be another one for each request: two bodies under one key are a mistake of the
client.
"""
DATE_RANGE = (date(1900, 1, 1), datetime.now(UTC).date())
"""The dates in a well-formed request.

JSON Schema cannot say "not in the future", and no hospital accepts a birth in the year 9000.
"""
PARAMETER_PLACES = (
    ParameterLocation.PATH,
    ParameterLocation.QUERY,
    ParameterLocation.HEADER,
    ParameterLocation.COOKIE,
)

Case = schemathesis.Case[Any]


def main() -> None:
    """Read the config, make the run, and report its end."""
    # A parent that ignores the signal makes its children ignore it too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parent = ParentConnection(sys.stdin.buffer, os.fdopen(os.dup(1), "wb"))
    config = FuzzProcessConfig.from_line(sys.stdin.buffer.readline())
    parent.listen()
    # What schemathesis prints may hold the content of an answer.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.chdir(config.folder)
    tokens = TokenProvider(parent.request_token)
    refusals = DeclaredRefusals.from_plain(config.refusals)
    _install_authentication(config, tokens, refusals)
    _install_request_guard(config)
    disable_operation_shares()
    withhold_header(config.header)
    accept_refusals(lambda answer: refusals.includes(answer.status_code, answer.content))
    bound_answers()
    limit_memory()
    document = json.loads(Path(DOCUMENT_FILE).read_text(encoding="utf-8"))
    _install_failure_filter(ApiDocument(document, config.root), refusals)
    schemathesis.openapi.format("date", strategies.dates(*DATE_RANGE).map(str))
    cli.handler()(create_observer(parent.send_note, config.header, refusals))
    arguments = [
        "--config-file",
        CONFIG_FILE,
        "run",
        DOCUMENT_FILE,
        "--url",
        config.root,
        "--no-color",
        "--report-json-path",
        REPORT_FILE,
    ]
    try:
        cli.schemathesis.main(arguments, prog_name="st")
    finally:
        if reason := tokens.lockout_reason:
            parent.send_note({"kind": "shut out", "why": reason})
        parent.send_note({"kind": "ended"})


def _install_authentication(
    config: FuzzProcessConfig, tokens: TokenProvider, refusals: DeclaredRefusals
) -> None:
    """Show the token to every protected operation."""

    class Token:
        def get(self, _case: Case, _context: schemathesis.AuthContext) -> str:
            return tokens.get_token()

        def set(self, case: Case, data: str, _context: schemathesis.AuthContext) -> None:
            case.headers[config.header] = data

    def after_call(
        _context: schemathesis.HookContext, case: Case, response: schemathesis.Response
    ) -> None:
        is_refused = refusals.includes(response.status_code, response.content)
        status = UNAUTHENTICATED if is_refused else response.status_code
        tokens.record_answer(
            response.request.headers.get(config.header), status, case.operation.label
        )

    protected = frozenset(config.protected)
    schemathesis.auth(refresh_interval=None).apply_to(
        lambda context: context.operation.label in protected
    )(Token)
    schemathesis.hook(after_call)


def _install_request_guard(config: FuzzProcessConfig) -> None:
    """Check every request just before it is sent."""
    protected, accounts = frozenset(config.protected), frozenset(config.accounts)

    def before_call(
        _context: schemathesis.HookContext, case: Case, _kwargs: dict[str, Any]
    ) -> None:
        if config.reads_only and case.method.upper() not in READ_ONLY_METHODS:
            raise PermissionError(f"{case.method} {case.path} does not only read, and was not sent")
        if case.operation.label not in protected:
            case.body = mask_account_names(case.body, accounts)
        drop_connection_headers(case.headers)
        keys = [name for name in case.headers if name.lower() == IDEMPOTENCY_HEADER]
        if keys and is_well_formed(case):
            case.headers[keys[0]] = uuid4().hex

    schemathesis.hook(before_call)


def _install_failure_filter(document: ApiDocument, refusals: DeclaredRefusals) -> None:
    """Drop failures that are none.

    These are forms that the document allows once they are read, and answers that refuse who is not
    signed in, as the target is declared to do it: they say nothing of the input.
    """

    def filter_failure(
        _context: schemathesis.HookContext,
        failure: Failure,
        case: Case,
        response: schemathesis.Response,
    ) -> bool:
        if isinstance(failure, RejectedPositiveData | MissingHeaderNotRejected):
            # 403 without a token is a refusal of it for every other check, too.
            is_bare = isinstance(failure, MissingHeaderNotRejected) and response.status_code == 403
            return not (is_bare or refusals.includes(response.status_code, response.content))
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
            document, case.operation.label, str(case.media_type), case.body
        )

    schemathesis.hook(filter_failure)


def is_well_formed(case: Case) -> bool:
    """Return whether a case is meant to be valid by the document."""
    return case.meta is None or case.meta.generation.mode.is_positive


if __name__ == "__main__":
    main()
