"""Keeps the texts of a production target out of what pytest prints of a failed check.

pytest shows the values of a failed assertion, the arguments of functions and the local variables:
each may be a patient of production. There, only the exceptions of this package keep their texts.
"""

from __future__ import annotations

import linecache
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from unittest import SkipTest

import pytest

from cutover_gates.core.findings import FindingsError, NotProven
from cutover_gates.core.value_text import NOT_KEPT, withhold_target_values
from cutover_gates.hospital import Rejected, Unsupported
from cutover_gates.plugin.raised_findings import FINDING_ERRORS, exceptions_behind, is_timeout
from cutover_gates.plugin.run import PytestRun

KEPT_ERRORS = (FindingsError, NotProven, Rejected, Unsupported)
"""Exceptions that are made of values which production allows (`format_target_value`, `quote`)."""
OF_PYTEST = (
    KeyboardInterrupt,
    pytest.exit.Exception,
    pytest.skip.Exception,
    pytest.xfail.Exception,
    SkipTest,
)
"""Exceptions by which pytest decides what became of a check."""
MOST_CHARACTERS = 120
"""Characters of a line of source that are shown."""


class WithheldError(Exception):
    """Stands for an exception whose text may hold a value of a production target."""


class WithheldAssertion(AssertionError):
    """Stands for an assertion whose text may hold a value of a production target."""


def withhold_texts(run: PytestRun) -> None:
    """Keep the target's texts out of all findings and refusals, where it is production."""
    withheld = run.settings.chosen_target.production
    withhold_target_values(withheld=withheld)
    if withheld:
        run.redactor.withhold_target_text()


def replace_exception(call: pytest.CallInfo[object], raised: BaseException) -> BaseException:
    """Return what may be shown instead of an exception, and let pytest show that.

    Whoever reads the exception of the call later (Allure, reruns) gets the same.
    """
    if _is_kept(raised):
        return raised
    kind = WithheldAssertion if isinstance(raised, FINDING_ERRORS) else WithheldError
    shown = kind(describe_withheld(raised)).with_traceback(raised.__traceback__)
    if call.excinfo is not None:
        call.excinfo = pytest.ExceptionInfo.from_exception(shown)
    return shown


def describe_withheld(error: BaseException) -> str:
    """Return the class of an exception and the line that raised it, and findings behind it."""
    text = (
        f"{type(error).__name__} in {_find_source(error.__traceback__)}; its values are {NOT_KEPT}"
    )
    found = [str(cause) for cause in exceptions_behind(error) if isinstance(cause, FindingsError)]
    return "; ".join([text, *dict.fromkeys(found)])


def describe_place(item: pytest.Item, shown: BaseException) -> str:
    """Return the text of a failed report: where the check stands, and what may be shown."""
    path, line, _ = item.location
    return f"{path}:{(line or 0) + 1}: {type(shown).__name__}\n{shown}"


def _is_kept(error: BaseException) -> bool:
    return isinstance(error, (*KEPT_ERRORS, *OF_PYTEST)) or is_timeout(error)


def _find_source(traceback: TracebackType | None) -> str:
    """Return the innermost line, as it stands in its file: `test_x.py:12: assert a == b`.

    Helpers that hide themselves from tracebacks, as pytest's own do, are passed over.
    """
    frames = [
        (frame.f_code.co_filename, line)
        for frame, line in walk_tb(traceback)
        if not frame.f_locals.get("__tracebackhide__")
    ]
    if not frames:
        return "an unknown line"
    path, line = frames[-1]
    source = linecache.getline(path, line).strip()[:MOST_CHARACTERS]
    return f"{Path(path).name}:{line}: {source}".rstrip(": ")
