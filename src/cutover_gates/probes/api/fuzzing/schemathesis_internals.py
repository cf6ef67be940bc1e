"""The private parts of schemathesis that a run replaces.

Under max-time schemathesis gives every operation a share of the time, cuts off what is slow at its
share, and calls the run complete. There is no setting against it. With this change every operation
is tested to its end, and what has no turn before the time is over is seen to be missing.

Its probes without authentication leave out only what the document calls security, and take only 401
and 403 for a refusal. A token in another header would go along, and HTTP 400 with the word for "not
signed in" would be reported as an open door.

`tests/integration/api/test_schemathesis_internals.py` says when it breaks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemathesis.engine.context import EngineContext
from schemathesis.specs.openapi import checks as _checks

checks: Any = _checks
"""Its names are private or imported: the type checker does not let them be replaced."""


def disable_operation_shares() -> None:
    """Give no operation a share of the time."""
    EngineContext.take_operation_slice = EngineContext.release_operation_slice  # type: ignore[method-assign]  # private: see above


def withhold_header(name: str) -> None:
    """Leave the header that shows the token out of every probe without authentication."""
    remove_declared: Callable[..., Any] = checks.remove_auth

    def remove_auth(case: Any, security_parameters: Any) -> Any:
        bare = remove_declared(case, security_parameters)
        for header in [one for one in bare.headers or () if one.lower() == name.lower()]:
            del bare.headers[header]
        return bare

    checks.remove_auth = remove_auth


def accept_refusals(is_refusal: Callable[[Any], bool]) -> None:
    """Report no open door for an answer that is a refusal, as `is_refusal` says."""
    report: Callable[..., None] = checks._raise_no_auth_error

    def report_unless_refused(answer: Any, case: Any, scenario: Any) -> None:
        if not is_refusal(answer):
            report(answer, case, scenario)

    checks._raise_no_auth_error = report_unless_refused
