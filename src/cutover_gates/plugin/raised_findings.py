"""Finds what a check saw of the target in what it raised: also behind another exception.

A check may find lost data and then raise something else: a group of exceptions, an assertion of its
own, a skip, "not proven". Whoever looks at the outermost exception only takes the finding for
something that could not be seen, and what may go without proof would then hide it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cutover_gates.core.findings import Finding, FindingsError, NotProven
from cutover_gates.core.value_text import text_of
from cutover_gates.hospital import Rejected
from cutover_gates.plugin.time_bounds import TIMEOUT_TEXT

FINDING_ERRORS = (AssertionError, Rejected, pytest.fail.Exception)
"""Exceptions by which a check says that the target is wrong; of others, the check broke."""
HIDDEN_FINDINGS = (AssertionError, pytest.fail.Exception)
"""Those that say so behind another exception, too. A refusal (`Rejected`) that a check caught may
have been what it asked for.
"""


def is_finding(error: BaseException | None) -> bool:
    """Return whether an exception says that the target is wrong, itself or one behind it."""
    if isinstance(error, FINDING_ERRORS):
        return not is_timeout(error)
    return any(map(_is_hidden_finding, exceptions_behind(error)))


def find_hidden_finding(error: BaseException | None) -> str:
    """Return what an exception behind another one says of the target; empty where none does."""
    for cause in exceptions_behind(error):
        if cause is not error and _is_hidden_finding(cause):
            return text_of(cause).strip() or type(cause).__name__
    return ""


def _is_hidden_finding(cause: BaseException) -> bool:
    return isinstance(cause, HIDDEN_FINDINGS) and not is_timeout(cause)


def find_findings(error: BaseException | None) -> tuple[Finding, ...]:
    """Return the breaches of rules that an exception and those behind it tell, each once.

    What could not be proven counts only where nothing else was raised.
    """
    found = dict.fromkeys(
        finding
        for cause in exceptions_behind(error)
        if isinstance(cause, FindingsError)
        for finding in cause.findings
    )
    gaps = error.gaps if isinstance(error, NotProven) else ()
    return (*found, *gaps)


def is_timeout(error: BaseException) -> bool:
    """Return whether an exception says that pytest-timeout stopped the check."""
    return isinstance(error, pytest.fail.Exception) and text_of(error).startswith(TIMEOUT_TEXT)


def exceptions_behind(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception, its parts and those behind it, each once: a chain may be a circle."""
    visited: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop(0)
        if current is None or id(current) in visited:
            continue
        visited.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions
