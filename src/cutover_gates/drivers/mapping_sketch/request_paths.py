"""The paths, queries and headers of sketched requests, and what they look up first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from cutover_gates.drivers.mapping_sketch.answer_places import sketch_list
from cutover_gates.drivers.mapping_sketch.document_outline import (
    DocumentOutline,
)
from cutover_gates.drivers.mapping_sketch.field_names import (
    DOCUMENT,
    KINDS,
    QUERY,
    VISIT,
    find_field,
    find_name,
    normalize,
)
from cutover_gates.drivers.mapping_sketch.operation_matching import RESOURCES
from cutover_gates.drivers.mapping_sketch.outlined_operation import OutlinedOperation
from cutover_gates.drivers.mapping_sketch.request_bodies import guess_value
from cutover_gates.drivers.mapping_sketch.sketch_lines import TODO, SketchTable, format_path
from cutover_gates.drivers.rest.parameter_meanings import OWN_IDS
from cutover_gates.drivers.rest.template_variables import RESERVED_NAMES
from cutover_gates.drivers.rest.vocabulary import OPERATIONS

VERSION_HEADERS = ("if_match", "x_version", "x_revision")
_KEY_HEADERS = ("idempotency_key", "x_idempotency_key", "x_once", "x_request_key")
_PATIENT_NAMES = (*VISIT["patient_id"], *DOCUMENT["patient_id"])
_ID_ENDING = re.compile(r"(_?(external|public))?_?(id|uuid|guid|pk|slug)$", re.IGNORECASE)
_PARAMETER = re.compile(r"\{([^}]+)\}")


class SetupFinder:
    """Finds the ids of other things, such as a ward: each becomes a step of the set-up."""

    def __init__(self, outline: DocumentOutline) -> None:
        self._outline = outline
        self.steps: dict[str, SketchTable] = {}

    def variable(self, name: str) -> str:
        """Return the variable for a name such as `ward_id`; empty where no list gives one."""
        stem = normalize(_ID_ENDING.sub("", name))
        variable = re.sub(r"\W", "_", _ID_ENDING.sub("", name)).lower()
        if not stem or variable in RESERVED_NAMES or not variable.isidentifier():
            return ""
        if variable in self.steps:
            return variable
        for operation in self._outline.operations:
            is_list = operation.method == "GET" and "{" not in operation.path
            if is_list and normalize(operation.last).removesuffix("s") == stem.removesuffix("s"):
                return variable if self._add(variable, operation) else ""
        return ""

    def _add(self, variable: str, operation: OutlinedOperation) -> bool:
        shape = sketch_list(self._outline, operation)
        found = find_field(self._outline.fields_of(shape.entry), KINDS["patient"]["id"])
        if found is None or shape.items == TODO:
            return False
        step = SketchTable(("setup",), is_array=True)
        step.notes.append(f"{TODO}: the first of the list; write a query that finds the right one")
        step.add("path", operation.path)
        items = "" if shape.items == "@" else shape.items
        step.add("capture", {variable: f"{items}[0].{format_path(found.path)}"})
        self.steps[variable] = step
        return True


class PathSketcher:
    """Sketches the address of each request."""

    def __init__(self, setup: SetupFinder) -> None:
        self._setup = setup

    def path(self, name: str, operation: OutlinedOperation) -> str:
        """Return the path of our operation `name`, with our ids in it."""
        kinds = dict(_kinds_in(operation.path))
        return _PARAMETER.sub(lambda found: self._value(name, found[1], kinds), operation.path)

    def query(self, name: str, operation: OutlinedOperation) -> dict[str, object]:
        """Return the parameters that the context fills: the patient's id, and required ones."""
        query: dict[str, object] = {}
        needs_patient = "patient" in OPERATIONS[name].variables and name != "patient"
        if needs_patient and "patient" not in dict(_kinds_in(operation.path)).values():
            found = find_name(operation.names_in("query"), _PATIENT_NAMES)
            if found:
                query[found] = "{{ patient.id }}"
        for parameter in operation.parameters:
            own_name = str(parameter["name"])
            if parameter.get("in") != "query" or not parameter.get("required"):
                continue
            if own_name not in query:
                variable = self._setup.variable(own_name)
                value, _ = guess_value(own_name, parameter["schema"])
                query[own_name] = f"{{{{ {variable} }}}}" if variable else value
        return query

    def _value(self, name: str, parameter: str, kinds: Mapping[str, str]) -> str:
        kind = kinds.get(parameter, "")
        if kind in OPERATIONS[name].variables:
            return f"{{{{ {kind}.id }}}}"
        variable = self._setup.variable(parameter)
        return f"{{{{ {variable} }}}}" if variable else TODO


def sketch_parameters(outline: DocumentOutline) -> dict[str, object]:
    """Return what the document's own names for ids mean: by name, or by path where they differ."""
    kinds: dict[str, set[str]] = {}
    for operation in outline.operations:
        for parameter, kind in _kinds_in(operation.path):
            kinds.setdefault(parameter, set()).add(kind)
    meanings: dict[str, object] = {}
    for operation in outline.operations:
        for parameter, kind in _kinds_in(operation.path):
            if not kind or parameter in OWN_IDS:
                continue
            if kinds[parameter] == {kind}:
                meanings[parameter] = f"{kind}.id"
            else:
                head = operation.path.partition(f"{{{parameter}}}")[0]
                meanings[f"{head}{{{parameter}}}*"] = {parameter: f"{kind}.id"}
    return meanings


def _kinds_in(path: str) -> Iterator[tuple[str, str]]:
    """Yield each parameter of a path with the kind of thing that it names, empty for another."""
    segments = [part for part in path.split("/") if part]
    for before, segment in pairwise(["", *segments]):
        for parameter in _PARAMETER.findall(segment):
            yield parameter, _kind_of(before) or _kind_of(_ID_ENDING.sub("", parameter))


def _kind_of(word: str) -> str:
    own = normalize(word).removesuffix("s")
    for kind, names in RESOURCES.items():
        if own in {normalize(name).removesuffix("s") for name in (kind, *names)}:
            return kind
    return ""


def search_query(operation: OutlinedOperation) -> dict[str, object]:
    """Return the parameters by which patients are searched."""
    names = operation.names_in("query")
    found = {ours: find_name(names, wanted) for ours, wanted in QUERY.items()}
    return {name: f"{{{{ query.{ours} }}}}" for ours, name in found.items() if name}


def fill_headers(name: str, operation: OutlinedOperation) -> dict[str, str]:
    """Return the headers of our operation: a version, an idempotency key, another type of JSON."""
    names = operation.names_in("header")
    headers: dict[str, str] = {}
    version, key = find_name(names, VERSION_HEADERS), find_name(names, _KEY_HEADERS)
    if name == "update" and version:
        headers[version] = "{{ patient.version }}"
    if name == "register" and key:
        headers[key] = "{{ key }}"
    if operation.body_type.endswith("+json"):
        headers["Content-Type"] = operation.body_type
    return headers
