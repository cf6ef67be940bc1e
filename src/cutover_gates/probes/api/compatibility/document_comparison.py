"""Two OpenAPI documents side by side, from the point of view of a client that was built for the
first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.api.compatibility.flat_schemas import Json, resolve_reference
from cutover_gates.probes.api.compatibility.schema_comparison import (
    SchemaComparison,
    SchemaDifference,
)

METHODS = ("get", "head", "options", "put", "post", "patch", "delete", "trace")
_IGNORED_HEADERS = frozenset(
    {"accept", "content-type", "authorization"}
)  # OpenAPI 3.1, Parameter Object: such header parameters are ignored
_CLIENT_STATUSES = (
    "2",
    "3",
    "D",
)  # success, redirection, and `default`: what a client waits for. A refusal that is documented no more breaks nobody


@dataclass(frozen=True)
class DocumentChange:
    """A difference, with the operation in which it is, and its place there."""

    part: Literal["operations", "requests", "answers"]
    operation: str
    where: str
    difference: SchemaDifference


def compare_documents(before: Json, after: Json) -> list[DocumentChange]:
    """All differences that may matter to a client, in the order of the document from before.

    Raises `NotProven` where a schema cannot be read.
    """
    try:
        return list(_DocumentComparison(before, after).find_changes())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotProven(
            f"the two documents cannot be compared: {type(error).__name__}: {error}"
        ) from None


class _DocumentComparison:
    """Walks two documents side by side."""

    def __init__(self, before: Json, after: Json) -> None:
        self._old, self._new = before, after
        self._sent, self._read = (
            SchemaComparison(before, after, sending=True),
            SchemaComparison(before, after, sending=False),
        )

    def find_changes(self) -> Iterator[DocumentChange]:
        old, new = index_operations(self._old), index_operations(self._new)
        theirs = {_strip_parameter_names(key): key for key in new}
        for key, operation in old.items():
            found = theirs.pop(_strip_parameter_names(key), None)
            if found is None:
                yield DocumentChange(
                    "operations", key, "", SchemaDifference("breaking", "the operation is gone")
                )
            else:
                yield from self._compare_operation(key, operation, new[found])
        yield from (
            DocumentChange("operations", key, "", SchemaDifference("added", "a new operation"))
            for key in theirs.values()
        )

    def _compare_operation(self, key: str, old: Json, new: Json) -> Iterator[DocumentChange]:
        for difference in self._compare_credentials(old, new):
            yield DocumentChange("requests", key, "", difference)
        for where, difference in [
            *self._compare_parameters(old, new),
            *self._compare_body(old, new),
        ]:
            yield DocumentChange("requests", key, where, difference)
        for where, difference in self._compare_responses(old, new):
            yield DocumentChange("answers", key, where, difference)

    # ── what is sent ──

    def _compare_credentials(self, old: Json, new: Json) -> Iterator[SchemaDifference]:
        """Whoever gets in by the old document's way must get in by one of the new one's."""
        ways, needed = (
            _security_alternatives(self._old, old),
            _security_alternatives(self._new, new),
        )
        for way in ways:
            if not any(other <= way for other in needed):
                words = " or ".join(" and ".join(sorted(other)) or "nothing" for other in needed)
                said = (
                    f"asks for {words} now, and before for {' and '.join(sorted(way)) or 'nothing'}"
                )
                yield SchemaDifference(
                    "breaking", said, schema="security"
                )  # one cause, however many operations have it

    def _compare_parameters(self, old: Json, new: Json) -> Iterator[tuple[str, SchemaDifference]]:
        left, right = _parameters_by_name(self._old, old), _parameters_by_name(self._new, new)
        for (place, name), parameter in left.items():
            other, where = right.get((place, name)), f"{place} parameter {parameter['name']}"
            if other is None:
                yield where, _breaking_difference("the parameter is gone")
                continue
            if other.get("required") and not parameter.get("required") and place != "path":
                yield where, _breaking_difference("is required now")
            for how in ("style", "explode", "allowReserved"):
                if parameter.get(how) != other.get(how):
                    yield (
                        where,
                        _breaking_difference(
                            f"{how} is {other.get(how)!r} now, was {parameter.get(how)!r}"
                        ),
                    )
            yield from (
                (where, found)
                for found in self._sent.find_differences(
                    _get_schema(parameter), _get_schema(other), text=True
                )
            )
        for (place, name), parameter in right.items():
            if (place, name) not in left:
                needed = parameter.get("required")
                yield (
                    f"{place} parameter {parameter['name']}",
                    (
                        _breaking_difference("is required now")
                        if needed
                        else SchemaDifference("added", "a new parameter")
                    ),
                )

    def _compare_body(self, old: Json, new: Json) -> Iterator[tuple[str, SchemaDifference]]:
        before, after = (
            resolve_reference(old.get("requestBody"), self._old),
            resolve_reference(new.get("requestBody"), self._new),
        )
        if before is None and after is not None:
            yield (
                "body",
                (
                    _breaking_difference("is required now")
                    if after.get("required")
                    else SchemaDifference("added", "a body is taken now")
                ),
            )
        elif before is not None and after is None:
            yield "body", _breaking_difference("no body is taken any more")
        elif before is not None and after is not None:
            if after.get("required") and not before.get("required"):
                yield "body", _breaking_difference("is required now")
            yield from self._compare_content(
                "body", before, after, self._sent, "is not taken any more"
            )

    # ── what comes back ──

    def _compare_responses(self, old: Json, new: Json) -> Iterator[tuple[str, SchemaDifference]]:
        left, right = (
            {
                str(status).upper(): resolve_reference(one, document)
                for status, one in (side.get("responses") or {}).items()
            }
            for document, side in ((self._old, old), (self._new, new))
        )
        for status, before in left.items():
            after = right.get(status) or right.get(f"{status[0]}XX")
            if after is not None:
                yield from self._compare_content(
                    status, before, after, self._read, "does not come any more"
                )
                yield from self._compare_headers(status, before, after)
            elif status.startswith(_CLIENT_STATUSES):
                others = (
                    ", ".join(one for one in right if one.startswith(_CLIENT_STATUSES)) or "none"
                )
                yield (
                    status,
                    _breaking_difference(f"this status is documented no more, only {others}"),
                )
            else:
                yield status, SchemaDifference("added", "this refusal is documented no more")
        yield from (
            (status, SchemaDifference("added", "a new status"))
            for status in right
            if status not in left
        )

    def _compare_content(
        self, where: str, old: Json, new: Json, narrowing: SchemaComparison, gone: str
    ) -> Iterator[tuple[str, SchemaDifference]]:
        left, right = _content_by_type(old), _content_by_type(new)
        for name, before in left.items():
            after = right.get(name) or right.get(f"{name.partition('/')[0]}/*") or right.get("*/*")
            if after is None:
                yield (
                    where,
                    _breaking_difference(f"{name} {gone}, only {', '.join(right) or 'nothing'}"),
                )
            else:
                yield from (
                    (where, found)
                    for found in narrowing.find_differences(
                        before.get("schema", {}), after.get("schema", {})
                    )
                )
        yield from (
            (where, SchemaDifference("added", f"{name}, too")) for name in right if name not in left
        )

    def _compare_headers(
        self, status: str, old: Json, new: Json
    ) -> Iterator[tuple[str, SchemaDifference]]:
        left, right = (
            {
                name.lower(): (name, resolve_reference(one, document))
                for name, one in (side.get("headers") or {}).items()
            }
            for document, side in ((self._old, old), (self._new, new))
        )
        for key, (name, before) in left.items():
            where = f"{status} header {name}"
            if key not in right:
                yield where, _breaking_difference("the header is gone")
                continue
            after = right[key][1]
            if before.get("required") and not after.get("required"):
                yield where, _breaking_difference("may be missing now")
            yield from (
                (where, found)
                for found in self._read.find_differences(_get_schema(before), _get_schema(after))
            )


def _breaking_difference(said: str) -> SchemaDifference:
    return SchemaDifference("breaking", said)


# ── reading a document ──


def index_operations(document: Json) -> dict[str, Json]:
    """The operations by method and path, with the path of the first server before it; the
    parameters of a path in each of its operations.
    """
    servers = document.get("servers") or [{"url": ""}]
    root = re.sub(r"^\w+://[^/]*", "", str(servers[0]["url"])).rstrip("/")
    found: dict[str, Json] = {}
    for path, item in document["paths"].items():
        item = resolve_reference(item, document)
        for method in METHODS:
            if method in item:
                found[f"{method.upper()} {root}{path}"] = {
                    **item[method],
                    "shared": item.get("parameters", []),
                }
    return found


def _strip_parameter_names(key: str) -> str:
    """An operation without the names of its path parameters: no client sends them."""
    return re.sub(r"\{[^}]*\}", "{}", key)


def _parameters_by_name(document: Json, operation: Json) -> dict[tuple[str, str], Json]:
    """The parameters by place and name; those of the path by their position in the list, for their
    names are nobody's business.
    """
    found: dict[tuple[str, str], Json] = {}
    for parameter in (
        resolve_reference(one, document)
        for one in [*operation["shared"], *operation.get("parameters", [])]
    ):
        place, name = str(parameter["in"]), str(parameter["name"])
        if place == "header":
            name = name.lower()
        if not (place == "header" and name in _IGNORED_HEADERS):
            found[place, name] = parameter
    numbered = enumerate([name for place, name in found if place == "path"])
    for number, name in list(numbered):
        found["path", str(number)] = found.pop(("path", name))
    return found


def _content_by_type(holder: Json) -> dict[str, Json]:
    """The content by media type, without its parameters."""
    return {
        str(name).partition(";")[0].strip().lower(): one
        for name, one in (holder.get("content") or {}).items()
    }


def _get_schema(holder: Json) -> Any:
    """The schema of a parameter or header, which may stand in a media type."""
    if "schema" in holder:
        return holder["schema"]
    return next((one.get("schema", {}) for one in (holder.get("content") or {}).values()), {})


def _security_alternatives(document: Json, operation: Json) -> list[frozenset[str]]:
    """How somebody gets in: the alternatives, each with all that has to be shown.

    A scheme is what it asks for, not its name in the document.
    """
    schemes = (document.get("components") or {}).get("securitySchemes", {})
    wanted = operation.get("security", document.get("security")) or [{}]
    return [
        frozenset(
            f"{_format_scheme(resolve_reference(schemes[name], document))}{f' ({scope})' if scope else ''}"
            for name, scopes in way.items()
            for scope in scopes or [""]
        )
        for way in wanted
    ]


def _format_scheme(scheme: Json) -> str:
    return " ".join(str(scheme[key]) for key in ("type", "scheme", "in", "name") if key in scheme)
