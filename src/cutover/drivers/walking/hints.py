"""What to write instead, as far as the answer itself tells it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from cutover.drivers.walking.places import Places
from cutover.drivers.walking.refusals import BY_STATUS
from cutover.drivers.walking.seen import Seen
from cutover.drivers.walking.way import Way


def hint(seen: Seen, way: Way, key: str, given: str) -> str:
    """For the line `key` = `given`; empty where the answer tells nothing."""
    answer, name = seen.answer, key.rpartition(".")[2]
    if answer is None:
        return ""
    if name == "expect":
        return _status(answer.status, given)
    leaves = list(seen.leaves())
    if name == "items":
        found = _one_of(
            [path for path, item in leaves if isinstance(item, list)],
            name,
            "the answer has a list at",
        )
        return found or ('write "@"' if isinstance(answer.json, list) else "")
    if name == "total":
        return _one_of(
            [path for path, item in leaves if type(item) is int], name, "the answer has a number at"
        )
    if not (key.startswith("answers.") or ".answer." in key or ".capture." in key):
        return ""
    at = (
        seen.found(str(getattr(way.draft(), name, None)))
        if "patient" in key or ".register." in key
        else None
    )
    if at and _in_item(at) != given.strip("'\""):
        return f"write {_in_item(at)!r}"
    return _one_of(
        [_in_item(path) for path, item in leaves if not isinstance(item, dict | list)],
        given.strip("'\"") or name,
        "the answer has",
    )


def complained_of(seen: Seen, places: Places, operation: str) -> tuple[str, str]:
    """The line of the field that a refusal names, else `operation`; and what it names, in words."""
    if (
        seen.request is not None
        and seen.request.content[:1] == b"{"
        and "json" not in seen.request.headers.get("content-type", "")
    ):
        return (
            f"{operation}.headers.Content-Type",
            f"; JSON was sent as {seen.request.headers.get('content-type')}",
        )
    leaves = list(seen.leaves())
    said = {str(item) for _, item in leaves if isinstance(item, str)} | {
        part for path, _ in leaves for part in path.split(".")
    }
    bodies = [f"{operation}.{body}" for body in ("json", "form", "multipart")]
    for body in bodies:
        for name in sorted(said & places.names(body)):
            word = f"words.{name}"
            return (word if places.own(word) else f"{body}.{name}"), f"; it complains of {name}"
    return next((body for body in bodies if places.own(body)), operation), ""


def _in_item(path: str) -> str:
    """A path inside of a list's item."""
    return path.partition("[0].")[2] or path


def _one_of(paths: Iterable[str], wanted: str, words: str) -> str:
    """The nearest of the paths, else all of them."""
    known = {path.rpartition(".")[2]: path for path in dict.fromkeys(paths)}
    near = difflib.get_close_matches(wanted.rpartition(".")[2], list(known), 1)
    if near:
        return f"write {known[near[0]]!r}"
    return f"{words} {', '.join(map(repr, list(known.values())[:12]))}" if known else ""


def _status(status: int, given: str) -> str:
    if status < 300:
        return (
            f"write expect = [{', '.join(filter(None, (given.strip('[]'), str(status))))}] if that"
            " means that it worked"
        )
    reason = BY_STATUS.get(status)
    if reason is None:
        return "the answer below says why; mend what is sent"
    return (
        f"mend what is sent; or, if it says no in this way, write refusals.{reason.value} = {{"
        f" status = [{status}] }}"
    )
