"""Why a trigger could not be decided: the lines `unknown` of a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cutover_gates.core.triggers.trigger_names import TriggerName
from cutover_gates.watch.time_spans import Span


def list_unknown_reasons(
    lines: Sequence[Mapping[str, Any]], window: Span, trigger: TriggerName
) -> list[tuple[str, str]]:
    """Return each condition or source with a reason why it was unknown in the window, once each.

    A line holds from its moment to the next one about the same; one with an empty reason ends it.
    A source that was not heard at all concerns every trigger.
    """
    found = []
    for about in sorted({str(line["about"]) for line in lines}):
        if "/" in about and not about.startswith(f"{trigger}/"):
            continue
        own = [line for line in lines if line["about"] == about]
        ends = [line["at"] for line in own[1:]] + [window.ends]
        for line, end in zip(own, ends, strict=True):
            if line["reason"] and line["at"] <= window.ends and end >= window.begins:
                found.append((about.rstrip("/"), str(line["reason"])))
    return _drop_repeated(found)


def _drop_repeated(found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return list(dict.fromkeys(found))
