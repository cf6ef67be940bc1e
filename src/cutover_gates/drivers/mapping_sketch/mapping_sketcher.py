"""The sketch of a mapping: all its tables as the text of a TOML file.

What the document does not say is left out or is a `TODO`. A mapping with a `TODO` in it is not
loaded, so that no gate judges by a guess that nobody looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cutover_gates.drivers.mapping_sketch.audit_log_matching import AUDIT
from cutover_gates.drivers.mapping_sketch.audit_sketch import sketch_audit
from cutover_gates.drivers.mapping_sketch.chart_sketch import MOVES, STATE_FIELDS, ChartSketcher
from cutover_gates.drivers.mapping_sketch.document_outline import (
    DocumentOutline,
)
from cutover_gates.drivers.mapping_sketch.field_names import (
    MOVE_WORDS,
    PATIENT,
    RELEASE,
    SEX_WORDS,
    STATUS_WORDS,
    VISIT,
    find_field,
)
from cutover_gates.drivers.mapping_sketch.operation_matching import OperationMatcher
from cutover_gates.drivers.mapping_sketch.request_bodies import BodySketcher
from cutover_gates.drivers.mapping_sketch.request_paths import (
    PathSketcher,
    SetupFinder,
    sketch_parameters,
)
from cutover_gates.drivers.mapping_sketch.schema_shapes import SchemaField, type_of
from cutover_gates.drivers.mapping_sketch.session_sketch import SessionSketcher
from cutover_gates.drivers.mapping_sketch.sketch_lines import TODO, Line, SketchTable, format_path
from cutover_gates.drivers.mapping_sketch.word_sketch import refusal_lines, values_of, word_table
from cutover_gates.drivers.rest.vocabulary import OPERATIONS

_SESSION = ("sign_in", "refresh", "sign_out")
_HEALTH = ("live", "ready")
_HEALTHY = ("healthy", "alive", "ready", "live", "ok", "up")


class MappingSketcher:
    """Sketches the mapping of one document.

    `described_at` is the template of the address at which the target serves it, empty for a file.
    """

    def __init__(self, document: object, described_at: str = "") -> None:
        self.outline = DocumentOutline(document)
        self.operations = OperationMatcher(self.outline).match()
        self._described_at = described_at
        self._setup = SetupFinder(self.outline)
        bodies = BodySketcher(self.outline, self._setup.variable)
        self._sessions = SessionSketcher(self.outline, self.operations, bodies)
        self._paths = PathSketcher(self._setup)
        self._charts = ChartSketcher(self.outline, self.operations, bodies, self._paths)

    @property
    def missing(self) -> list[str]:
        """Our operations that the sketch does not have."""
        sketched = {table.path[1] for table in self._operation_tables()}
        return [name for name in OPERATIONS if name not in sketched]

    def to_toml(self, target: str, file_name: str) -> str:
        """Return the text of the file."""
        operations = list(self._operation_tables())
        tables = [
            self._top(),
            self._sessions.token(),
            *self._setup.steps.values(),
            self._refusals(),
            *self._words(),
            self._sessions.answer(),
            *(SketchTable(("answers", kind), self._charts.places(kind)) for kind in _KINDS),
            *operations,
            self._becomes(),
            self._parameters(),
            self._unsupported(),
        ]
        body = "\n\n".join(table.to_toml() for table in tables if table.lines or table.notes)
        return f"{self._head(target, file_name)}\n\n{body}\n"

    def _head(self, target: str, file_name: str) -> str:
        found = len(OPERATIONS) - len(self.missing)
        lines = [
            f"A first mapping of {self.outline.title}, sketched from its OpenAPI document.",
            f"It has {found} of {len(OPERATIONS)} operations. Every line is a guess by names.",
            f"1. Name it in cutover.toml: mapping = {file_name!r} in [targets.{target}].",
            f"2. Replace each {TODO}, and map or declare what stands at the end. With a {TODO} in",
            "   a value it is not loaded.",
            f"3. Try it until all steps pass: pytest --target {target} --check-mapping",
            "docs/target-protocol.md explains every key.",
        ]
        return SketchTable((), notes=lines).to_toml()

    def _top(self) -> SketchTable:
        table = SketchTable(())
        if self.outline.base_path:
            table.add("base_path", self.outline.base_path)
        register = self.operations.get("register")
        fields = self.outline.fields_of(register.body) if register else []
        number = find_field(fields, PATIENT["mrn"])
        if number is not None and len(number.path) == 1:
            table.add("unique_fields", [number.name])
        return table

    def _parameters(self) -> SketchTable:
        """Return what the document's own names for ids mean."""
        meanings = sketch_parameters(self.outline)
        lines = [Line(name, meaning) for name, meaning in meanings.items()]
        return SketchTable(("parameters",), lines)

    def _operation_tables(self) -> Iterator[SketchTable]:
        yield from self._sessions.sign_in()
        yield from self._sessions.refresh()
        yield from self._sessions.sign_out()
        for name in OPERATIONS:
            if name in (*_HEALTH, "release"):
                yield from self._look(name)
            elif name == AUDIT and name in self.operations:
                yield sketch_audit(self.outline, self.operations[name], self._paths)
            elif name not in (*_SESSION, "describe"):
                yield from self._charts.operation(name)
        if self._described_at:
            table = SketchTable(("operations", "describe"))
            table.add("url", self._described_at)
            yield table

    def _look(self, name: str) -> Iterator[SketchTable]:
        operation = self.operations.get(name)
        if operation is None:
            return
        table = SketchTable(("operations", name))
        table.add("path", operation.path)
        table.add("expect", [200, 503] if name in _HEALTH else [200])
        fields = [one for one in self.outline.fields_of(operation.answer) if not one.is_object]
        if name == "release":
            found = find_field(fields, RELEASE)
            place = format_path(found.path) if found else TODO
            table.add("answer", {"release": place})
        else:
            condition, comment = _health_condition(fields)
            table.add("answer", {"healthy": condition}, comment)
        yield table

    def _refusals(self) -> SketchTable:
        return SketchTable(("refusals",), list(refusal_lines(self.operations)))

    def _words(self) -> Iterator[SketchTable]:
        patient = self._charts.answer_fields("patient")
        visit = self._charts.answer_fields("visit")
        yield word_table("sex", values_of(find_field(patient, PATIENT["sex"])), SEX_WORDS)
        yield word_table("status", values_of(find_field(visit, VISIT["status"])), STATUS_WORDS)
        shared = {self.operations[move].path for move in MOVES if move in self.operations}
        if len(shared) == 1:
            fields = self.outline.fields_of(self.operations["admit"].body)
            yield word_table("move", values_of(find_field(fields, STATE_FIELDS)), MOVE_WORDS)

    def _becomes(self) -> SketchTable:
        """Return what is stored otherwise than it was sent."""
        table = SketchTable(("becomes",))
        places = {line.key: str(line.value) for line in self._charts.places("patient")}
        if places.get("birth_date", "").endswith("~ '-01-01' }}"):
            table.add("birth_date", "{{ draft.birth_date.replace(month=1, day=1) }}")
        return table

    def _unsupported(self) -> SketchTable:
        table = SketchTable(("unsupported",), notes=[_NOT_OFFERED])
        if self.missing:
            table.below = [_MISSING, *(f'{name} = "why"' for name in self.missing)]
        return table


_NOT_OFFERED = "What the target does not offer, each with the reason."
_MISSING = (
    f"{TODO}: the document has nothing like these. Map each above, or remove its # and say why"
    " there is none."
)
_KINDS = ("patient", "visit", "document")


def _health_condition(fields: Sequence[SchemaField]) -> tuple[str, str]:
    """Return the condition of health, and a comment."""
    flags = [one for one in fields if type_of(one.schema) == "boolean"]
    if (flag := find_field(flags, _HEALTHY)) is not None:
        return format_path(flag.path), ""
    state = find_field(fields, ("status", "state", "health", "result"))
    if state is not None:
        known = state.schema
        words = [known.get("const"), *(known.get("enum") or []), known.get("example")]
        word = next((one for one in words if isinstance(one, str)), None)
        if word is not None and "'" not in word:
            return f"{format_path(state.path)} == '{word}'", ""
    return "{{ true }}", f"{TODO}: every answer below 300 counts as healthy; write what it says"
