"""The suggestion of a value for a line of the mapping, taken from the answer itself."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from cutover_gates.drivers.mapping_check.check_context import CheckContext
from cutover_gates.drivers.mapping_check.last_exchange import LastExchange
from cutover_gates.hospital import Reason
from cutover_gates.hospital.answers import STATUS_REASONS

_REASONS: Mapping[int, Reason] = {**STATUS_REASONS, 409: Reason.DUPLICATE, 428: Reason.STALE}
"""The most likely reason of each status. 409 has several; a duplicate is the usual one."""
MOST_PATHS = 12
"""Places in an answer that are listed, where none of them is near."""


def suggest_value(exchange: LastExchange, context: CheckContext, key: str, given: str) -> str:
    """Return advice for the line `key` = `given`; empty where the answer gives none."""
    answer, name = exchange.answer, key.rpartition(".")[2]
    if answer is None:
        return ""
    if name == "expect":
        return _suggest_status(answer.status, given)
    leaves = list(exchange.iterate_leaves())
    if name == "items":
        lists = [path for path, item in leaves if isinstance(item, list)]
        found = _suggest_path(lists, name, "The answer has a list at")
        return found or ('Write "@".' if isinstance(answer.json, list) else "")
    if name == "total":
        numbers = [path for path, item in leaves if type(item) is int]
        return _suggest_path(numbers, name, "The answer has a number at")
    if not _is_answer_key(key):
        return ""
    given = given.strip("'\"")
    place = _place_of_sent_value(exchange, context, key, name)
    if place and place != given:
        return f"Write {place!r}."
    values = [_in_item(path) for path, item in leaves if not isinstance(item, dict | list)]
    return _suggest_path(values, given or name, "The answer has")


def _is_answer_key(key: str) -> bool:
    return key.startswith("answers.") or ".answer." in key or ".capture." in key


def _place_of_sent_value(
    exchange: LastExchange, context: CheckContext, key: str, name: str
) -> str | None:
    """Return the place of the value that was sent for this field, None without exactly one."""
    if "patient" not in key and ".register." not in key:
        return None
    place = exchange.find_path(str(getattr(context.draft(), name, None)))
    return _in_item(place) if place else None


def _in_item(path: str) -> str:
    """Return a path inside an item of a list."""
    return path.partition("[0].")[2] or path


def _suggest_path(paths: Iterable[str], wanted: str, introduction: str) -> str:
    """Return the nearest of the paths, else all of them."""
    known = {path.rpartition(".")[2]: path for path in dict.fromkeys(paths)}
    near = difflib.get_close_matches(wanted.rpartition(".")[2], list(known), 1)
    if near:
        return f"Write {known[near[0]]!r}."
    shown = ", ".join(map(repr, list(known.values())[:MOST_PATHS]))
    return f"{introduction} {shown}." if shown else ""


def _suggest_status(status: int, given: str) -> str:
    if status < 300:
        statuses = ", ".join(filter(None, (given.strip("[]"), str(status))))
        return f"Write expect = [{statuses}] if that means success."
    reason = _REASONS.get(status)
    if reason is None:
        return "The answer below says why. Correct what is sent."
    return (
        f"Correct what is sent. If this is how the target rejects, write refusals.{reason.value} ="
        f" {{ status = [{status}] }}."
    )
