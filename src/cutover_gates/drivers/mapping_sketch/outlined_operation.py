"""One operation of an OpenAPI document, with the schemas of what goes and what comes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cutover_gates.drivers.mapping_sketch.schema_shapes import Schema


@dataclass(frozen=True)
class OutlinedOperation:
    """One operation of a document.

    `body` and `answer` are the schemas of the request and of the first success, `answer_types` the
    media types of that success. `body_type` is empty where nothing is sent.
    """

    method: str
    path: str
    parameters: tuple[Schema, ...] = field(repr=False, default=())
    body_type: str = ""
    body: Schema = field(repr=False, default_factory=dict)
    answer: Schema = field(repr=False, default_factory=dict)
    answer_types: tuple[str, ...] = ()
    answer_headers: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()

    @property
    def segments(self) -> tuple[str, ...]:
        """The segments of the path."""
        return tuple(part for part in self.path.split("/") if part)

    @property
    def last(self) -> str:
        """The last segment."""
        return self.segments[-1] if self.segments else ""

    @property
    def ends_with_parameter(self) -> bool:
        """Whether the path names one thing."""
        return self.last.startswith("{")

    @property
    def successes(self) -> list[int]:
        """The documented statuses of success."""
        return sorted(int(status) for status in self.statuses if re.fullmatch(r"2\d\d", status))

    def names_in(self, place: str) -> list[str]:
        """Return the names of the parameters in a place: path, query, header."""
        return [str(one["name"]) for one in self.parameters if one.get("in") == place]

    def parameter(self, name: str) -> Schema:
        """Return the schema of a parameter; empty where it has none."""
        for one in self.parameters:
            if one.get("name") == name and isinstance(one.get("schema"), dict):
                return one["schema"]  # type: ignore[no-any-return]  # a table, as was just asked
        return {}
