"""Two OpenAPI documents side by side, from the point of view of a client that was built for the
first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from cutover.contract.narrowing import Difference, Narrowing
from cutover.contract.schemas import Json, resolved
from cutover.evidence import NotProven

METHODS = ("get", "head", "options", "put", "post", "patch", "delete", "trace")
_NOT_PARAMETERS = frozenset(
    {"accept", "content-type", "authorization"}
)  # OpenAPI 3.1, Parameter Object: such header parameters are ignored
_PROMISED = (
    "2",
    "3",
    "D",
)  # success, redirection, and `default`: what a client waits for. A refusal that is documented no more breaks nobody


@dataclass(frozen=True)
class Change:
    """A difference, with the operation in which it is, and its place there."""

    part: Literal["operations", "requests", "answers"]
    operation: str
    where: str
    difference: Difference


def compared(before: Json, after: Json) -> list[Change]:
    """All differences that may matter to a client, in the order of the document from before.

    Raises `NotProven` where a schema cannot be read.
    """
    try:
        return list(_Comparison(before, after).changes())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotProven(
            f"the two documents cannot be compared: {type(error).__name__}: {error}"
        ) from None


class _Comparison:
    """Walks two documents side by side."""

    def __init__(self, before: Json, after: Json) -> None:
        self._old, self._new = before, after
        self._sent, self._read = (
            Narrowing(before, after, sending=True),
            Narrowing(before, after, sending=False),
        )

    def changes(self) -> Iterator[Change]:
        old, new = operations_of(self._old), operations_of(self._new)
        theirs = {_unnamed(key): key for key in new}
        for key, operation in old.items():
            found = theirs.pop(_unnamed(key), None)
            if found is None:
                yield Change("operations", key, "", Difference("breaking", "the operation is gone"))
            else:
                yield from self._operation(key, operation, new[found])
        yield from (
            Change("operations", key, "", Difference("added", "a new operation"))
            for key in theirs.values()
        )

    def _operation(self, key: str, old: Json, new: Json) -> Iterator[Change]:
        for difference in self._credentials(old, new):
            yield Change("requests", key, "", difference)
        for where, difference in [*self._parameters(old, new), *self._body(old, new)]:
            yield Change("requests", key, where, difference)
        for where, difference in self._responses(old, new):
            yield Change("answers", key, where, difference)

    # ── what is sent ──

    def _credentials(self, old: Json, new: Json) -> Iterator[Difference]:
        """Whoever gets in by the old document's way must get in by one of the new one's."""
        ways, needed = _ways(self._old, old), _ways(self._new, new)
        for way in ways:
            if not any(other <= way for other in needed):
                words = " or ".join(" and ".join(sorted(other)) or "nothing" for other in needed)
                said = (
                    f"asks for {words} now, and before for {' and '.join(sorted(way)) or 'nothing'}"
                )
                yield Difference(
                    "breaking", said, schema="security"
                )  # one cause, however many operations have it

    def _parameters(self, old: Json, new: Json) -> Iterator[tuple[str, Difference]]:
        left, right = _by_name(self._old, old), _by_name(self._new, new)
        for (place, name), parameter in left.items():
            other, where = right.get((place, name)), f"{place} parameter {parameter['name']}"
            if other is None:
                yield where, _breaking("the parameter is gone")
                continue
            if other.get("required") and not parameter.get("required") and place != "path":
                yield where, _breaking("is required now")
            for how in ("style", "explode", "allowReserved"):
                if parameter.get(how) != other.get(how):
                    yield (
                        where,
                        _breaking(f"{how} is {other.get(how)!r} now, was {parameter.get(how)!r}"),
                    )
            yield from (
                (where, found)
                for found in self._sent.differences(_schema(parameter), _schema(other), text=True)
            )
        for (place, name), parameter in right.items():
            if (place, name) not in left:
                needed = parameter.get("required")
                yield (
                    f"{place} parameter {parameter['name']}",
                    (
                        _breaking("is required now")
                        if needed
                        else Difference("added", "a new parameter")
                    ),
                )

    def _body(self, old: Json, new: Json) -> Iterator[tuple[str, Difference]]:
        before, after = (
            resolved(old.get("requestBody"), self._old),
            resolved(new.get("requestBody"), self._new),
        )
        if before is None and after is not None:
            yield (
                "body",
                (
                    _breaking("is required now")
                    if after.get("required")
                    else Difference("added", "a body is taken now")
                ),
            )
        elif before is not None and after is None:
            yield "body", _breaking("no body is taken any more")
        elif before is not None and after is not None:
            if after.get("required") and not before.get("required"):
                yield "body", _breaking("is required now")
            yield from self._content("body", before, after, self._sent, "is not taken any more")

    # ── what comes back ──

    def _responses(self, old: Json, new: Json) -> Iterator[tuple[str, Difference]]:
        left, right = (
            {
                str(status).upper(): resolved(one, document)
                for status, one in (side.get("responses") or {}).items()
            }
            for document, side in ((self._old, old), (self._new, new))
        )
        for status, before in left.items():
            after = right.get(status) or right.get(f"{status[0]}XX")
            if after is not None:
                yield from self._content(
                    status, before, after, self._read, "does not come any more"
                )
                yield from self._headers(status, before, after)
            elif status.startswith(_PROMISED):
                others = ", ".join(one for one in right if one.startswith(_PROMISED)) or "none"
                yield status, _breaking(f"this status is documented no more, only {others}")
            else:
                yield status, Difference("added", "this refusal is documented no more")
        yield from (
            (status, Difference("added", "a new status")) for status in right if status not in left
        )

    def _content(
        self, where: str, old: Json, new: Json, narrowing: Narrowing, gone: str
    ) -> Iterator[tuple[str, Difference]]:
        left, right = _by_type(old), _by_type(new)
        for name, before in left.items():
            after = right.get(name) or right.get(f"{name.partition('/')[0]}/*") or right.get("*/*")
            if after is None:
                yield where, _breaking(f"{name} {gone}, only {', '.join(right) or 'nothing'}")
            else:
                yield from (
                    (where, found)
                    for found in narrowing.differences(
                        before.get("schema", {}), after.get("schema", {})
                    )
                )
        yield from (
            (where, Difference("added", f"{name}, too")) for name in right if name not in left
        )

    def _headers(self, status: str, old: Json, new: Json) -> Iterator[tuple[str, Difference]]:
        left, right = (
            {
                name.lower(): (name, resolved(one, document))
                for name, one in (side.get("headers") or {}).items()
            }
            for document, side in ((self._old, old), (self._new, new))
        )
        for key, (name, before) in left.items():
            where = f"{status} header {name}"
            if key not in right:
                yield where, _breaking("the header is gone")
                continue
            after = right[key][1]
            if before.get("required") and not after.get("required"):
                yield where, _breaking("may be missing now")
            yield from (
                (where, found) for found in self._read.differences(_schema(before), _schema(after))
            )


def _breaking(said: str) -> Difference:
    return Difference("breaking", said)


# ── reading a document ──


def operations_of(document: Json) -> dict[str, Json]:
    """The operations by method and path, with the path of the first server before it; the
    parameters of a path in each of its operations.
    """
    servers = document.get("servers") or [{"url": ""}]
    root = re.sub(r"^\w+://[^/]*", "", str(servers[0]["url"])).rstrip("/")
    found: dict[str, Json] = {}
    for path, item in document["paths"].items():
        item = resolved(item, document)
        for method in METHODS:
            if method in item:
                found[f"{method.upper()} {root}{path}"] = {
                    **item[method],
                    "shared": item.get("parameters", []),
                }
    return found


def _unnamed(key: str) -> str:
    """An operation without the names of its path parameters: no client sends them."""
    return re.sub(r"\{[^}]*\}", "{}", key)


def _by_name(document: Json, operation: Json) -> dict[tuple[str, str], Json]:
    """The parameters by place and name; those of the path by their position in the list, for their
    names are nobody's business.
    """
    found: dict[tuple[str, str], Json] = {}
    for parameter in (
        resolved(one, document) for one in [*operation["shared"], *operation.get("parameters", [])]
    ):
        place, name = str(parameter["in"]), str(parameter["name"])
        if place == "header":
            name = name.lower()
        if not (place == "header" and name in _NOT_PARAMETERS):
            found[place, name] = parameter
    numbered = enumerate([name for place, name in found if place == "path"])
    for number, name in list(numbered):
        found["path", str(number)] = found.pop(("path", name))
    return found


def _by_type(holder: Json) -> dict[str, Json]:
    """The content by media type, without its parameters."""
    return {
        str(name).partition(";")[0].strip().lower(): one
        for name, one in (holder.get("content") or {}).items()
    }


def _schema(holder: Json) -> Any:
    """The schema of a parameter or header, which may stand in a media type."""
    if "schema" in holder:
        return holder["schema"]
    return next((one.get("schema", {}) for one in (holder.get("content") or {}).values()), {})


def _ways(document: Json, operation: Json) -> list[frozenset[str]]:
    """How somebody gets in: the alternatives, each with all that has to be shown.

    A scheme is what it asks for, not its name in the document.
    """
    schemes = (document.get("components") or {}).get("securitySchemes", {})
    wanted = operation.get("security", document.get("security")) or [{}]
    return [
        frozenset(
            f"{_shown(resolved(schemes[name], document))}{f' ({scope})' if scope else ''}"
            for name, scopes in way.items()
            for scope in scopes or [""]
        )
        for way in wanted
    ]


def _shown(scheme: Json) -> str:
    return " ".join(str(scheme[key]) for key in ("type", "scheme", "in", "name") if key in scheme)
