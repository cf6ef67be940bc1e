"""Reads the words of `-m`: a misspelt gate selects nothing, and nothing would be judged."""

from __future__ import annotations

import difflib

import pytest

from cutover_gates.core.gates import GATES, MARKER_WORD, SUITES

MIN_LIKENESS = 0.65
"""Likeness (difflib) of a misspelt gate: `t25` for `t24` has 0.67, `fast` for `post` 0.5."""
MIN_PREFIX = 3
OPERATORS = frozenset({"and", "or", "not"})


def refuse_misspelt_gates(config: pytest.Config) -> None:
    """Raise `pytest.UsageError` where `-m` names a marker that is no gate, but nearly one.

    pytest would select nothing, or everything behind a `not`, and nothing would be judged.
    """
    expression = config.option.markexpr or ""
    for word, nearest in find_misspelt_gates(config, expression).items():
        raise pytest.UsageError(
            f"-m {expression!r}: {word!r} is no gate, no suite and no marker of this project. Did"
            f" you mean {nearest!r}?"
        )


def find_misspelt_gates(config: pytest.Config, expression: str) -> dict[str, str]:
    """Return the words of a marker expression that are nearly a gate or suite, with that one."""
    nearest = {word: _nearest_gate(word) for word in find_unknown_markers(config, expression)}
    return {word: near for word, near in nearest.items() if near}


def find_unknown_markers(config: pytest.Config, expression: str) -> list[str]:
    """Return the words of a marker expression that are neither gates nor declared markers."""
    declared = {line.partition(":")[0].partition("(")[0].strip() for line in _marker_lines(config)}
    known = {*declared, *GATES, *SUITES, *OPERATORS}
    return [word for word in MARKER_WORD.findall(expression) if word not in known]


def _marker_lines(config: pytest.Config) -> list[str]:
    try:
        return list(config.getini("markers"))
    except (ValueError, KeyError):  # pytest has not read its own file yet
        return []


def _nearest_gate(word: str) -> str | None:
    known, lower = (*GATES, *SUITES), word.lower()
    near = difflib.get_close_matches(lower, known, n=1, cutoff=MIN_LIKENESS)
    if not near and len(lower) >= MIN_PREFIX:
        near = [name for name in known if name.startswith(lower)]
    return near[0] if near else None
