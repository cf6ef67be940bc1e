"""The examples of a document, held against their own schemas by jsonschema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import FormatChecker
from openapi_schema_validator import OAS30Validator, OAS31Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from cutover.contract.document import Described

HERE = "urn:document"
MAPS = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})
LITERAL = frozenset({"enum", "const", "default", "example", "examples", "required"})
"""Keywords of a schema that hold values, or names."""


class Validators:
    """The schemas of a document, by where they stand (`#/components/schemas/Patient`)."""

    def __init__(self, described: Described) -> None:
        self._described = described
        resource: Resource[Any] = Resource.from_contents(
            dict(described.document), default_specification=DRAFT202012
        )
        self._registry: Registry[Any] = Registry().with_resource(HERE, resource)
        self._kind = (
            OAS30Validator
            if str(described.document.get("openapi")).startswith("3.0")
            else OAS31Validator
        )

    def errors(self, schema: str, value: Any) -> Iterator[str]:
        """Why a value is not allowed. Where no schema stands, all is."""
        if self._described.at(schema) is None:
            return
        validator = self._kind(
            {"$ref": f"{HERE}{schema}"}, registry=self._registry, format_checker=FormatChecker()
        )
        yield from (error.message[:300] for error in validator.iter_errors(value))

    def allows(self, schema: str, value: Any) -> bool:
        return not any(self.errors(schema, value))


def untrue(described: Described) -> tuple[list[str], int]:
    """A sentence for each example that its schema does not allow, and how many were looked at."""
    validators, wrong, count = Validators(described), [], 0
    for where, value, schema in _examples(described, described.document, "#"):
        count += 1
        wrong += [f"{where}: {said}" for said in validators.errors(schema, value)][:1]
    return wrong, count


def _examples(described: Described, node: Any, where: str) -> Iterator[tuple[str, Any, str]]:
    """Where an example stands, the example, where its schema stands: of parameters, headers,
    bodies, and inside of schemas.
    """
    if isinstance(node, list):
        for number, inner in enumerate(node):
            yield from _examples(described, inner, f"{where}/{number}")
    elif isinstance(node, dict):
        if isinstance(node.get("schema"), dict):
            yield from _beside(described, node, where)
        for name, inner in node.items():
            at = f"{where}/{quoted(name)}"
            if name == "schema" or where == "#/components/schemas":
                yield from _inside(inner, at)
            elif name not in ("example", "examples"):
                yield from _examples(described, inner, at)


def _beside(
    described: Described, node: dict[str, Any], where: str
) -> Iterator[tuple[str, Any, str]]:
    """The examples of a parameter, a header or a body: they stand beside its schema."""
    if "example" in node:
        yield f"{where}/example", node["example"], f"{where}/schema"
    named = node.get("examples")
    for name, example in (named if isinstance(named, dict) else {}).items():
        example = described.resolved(example)
        if isinstance(example, dict) and "value" in example:
            yield f"{where}/examples/{quoted(name)}", example["value"], f"{where}/schema"


def _inside(schema: Any, where: str) -> Iterator[tuple[str, Any, str]]:
    """The examples and defaults of a schema, and of those inside of it."""
    if not isinstance(schema, dict):
        return
    yield from (
        (f"{where}/{name}", schema[name], where)
        for name in ("example", "default")
        if name in schema
    )
    several = schema.get("examples")
    yield from (
        (f"{where}/examples/{number}", value, where)
        for number, value in enumerate(several if isinstance(several, list) else [])
    )
    for name, inner in schema.items():
        if name in MAPS and isinstance(inner, dict):
            for key, one in inner.items():
                yield from _inside(one, f"{where}/{name}/{quoted(key)}")
        elif name not in LITERAL:
            for number, one in enumerate(inner) if isinstance(inner, list) else ():
                yield from _inside(one, f"{where}/{name}/{number}")
            yield from _inside(inner, f"{where}/{name}")


def quoted(name: str) -> str:
    """As a JSON pointer (RFC 6901) in a fragment has it."""
    return (
        name.replace("~", "~0")
        .replace("/", "~1")
        .replace("%", "%25")
        .replace("{", "%7B")
        .replace("}", "%7D")
    )
