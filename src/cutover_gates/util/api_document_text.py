"""The text of an API document, in JSON or YAML, as the same values.

OpenAPI asks YAML documents for what JSON can say (OAS 3.1, 4.3): texts as keys, no dates. A plain
YAML reader makes numbers of the keys `200` and dates of examples, and then no reader of JSON
understands the document.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from cutover_gates.core.bounded_json import MAX_DEPTH, MAX_VALUES, UnusableJson, parse_json
from cutover_gates.util.bounded_markup import UnusableMarkup, check_value_bounds

YAML_SUFFIXES = (".yaml", ".yml")
_YAML_WORDS = ("yaml", "vnd.oai.openapi")
_PLAIN = ("", "text/plain", "application/octet-stream", "binary/octet-stream")
"""Media types under which servers of files send YAML."""
_CORE_TAGS = ("null", "bool", "int", "float", "merge")


class UnusableDocument(ValueError):
    """A text that is neither JSON nor YAML within the bounds. The message is a clause."""


def is_yaml(media_type: str, content: bytes) -> bool:
    """Return whether an answer that is not JSON may be an API document in YAML."""
    kind = media_type.partition(";")[0].strip().lower()
    if "json" in kind:
        return False
    by_content = kind in _PLAIN and content.lstrip()[:8] in (b"openapi:", b"swagger:")
    return by_content or any(word in kind for word in _YAML_WORDS)


def parse_api_document(content: bytes) -> Any:
    """Return the values of a document in JSON or YAML. Raises `UnusableDocument`."""
    try:
        return parse_json(content)
    except UnusableJson as problem:
        if content.lstrip()[:1] in (b"{", b"["):
            raise UnusableDocument(str(problem)) from None
    try:
        return _parse_yaml(content.decode("utf-8-sig"))
    except ImportError:
        raise UnusableDocument(
            'YAML, and PyYAML is not installed: pip install "cutover-gates[contract]"'
        ) from None
    except UnicodeDecodeError:
        raise UnusableDocument("neither JSON nor YAML: it is not text in UTF-8") from None
    except UnusableMarkup as problem:
        raise UnusableDocument(f"neither JSON nor YAML that can be read: {problem}") from None


def _parse_yaml(text: str) -> Any:
    import yaml  # an optional extra

    try:
        # Events come one by one, so that depth and number are known before anything is built.
        _check_events(text)
        value = yaml.load(text, Loader=_json_loader())  # a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, UnusableMarkup):
            raise
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or type(error).__name__
        raise UnusableMarkup(f"{problem}{place}") from None
    check_value_bounds(value)
    return value


def _check_events(text: str) -> None:
    """Raise `UnusableMarkup` where the text is nested too deep or has too many values."""
    import yaml

    depth = 0
    events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for count, event in enumerate(events):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise UnusableMarkup(f"nested more than {MAX_DEPTH} levels deep")
        if count > 2 * MAX_VALUES:
            raise UnusableMarkup(f"more than {MAX_VALUES} values")


@cache
def _json_loader() -> Any:
    """Return a loader that gives what JSON can say: texts as keys, no date, each name once."""
    import yaml

    # The loader on libyaml reads a megabyte in a second, the other one takes ten.
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    tags = {f"tag:yaml.org,2002:{name}" for name in _CORE_TAGS}
    resolvers = {
        first: list(filter(lambda pair: pair[0] in tags, pairs))
        for first, pairs in base.yaml_implicit_resolvers.items()
    }
    loader: Any = type("_JsonLoader", (base,), {"yaml_implicit_resolvers": resolvers})
    for kind, construct in _CONSTRUCTORS.items():
        loader.add_constructor(f"tag:yaml.org,2002:{kind}", construct)
    return loader


def _construct_object(loader: Any, node: Any) -> dict[str, Any]:
    _refuse_repeated_names(node)
    loader.flatten_mapping(node)
    # The name is the text as it stands: `200` and `on` are names. What is merged comes first.
    return {key.value: loader.construct_object(value, deep=True) for key, value in node.value}


def _refuse_repeated_names(node: Any) -> None:
    names: set[str] = set()
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key.value, str):
            raise UnusableMarkup(f"a key that is no text, line {line}")
        if key.value in names:
            name = key.value[:60]
            raise UnusableMarkup(f"the name {name!r} stands twice in one object, line {line}")
        names.add(key.value)


def _construct_float(loader: Any, node: Any) -> float:
    number = float(loader.construct_yaml_float(node))
    if not math.isfinite(number):
        raise UnusableMarkup(f"a number that JSON does not know, line {node.start_mark.line + 1}")
    return number


def _construct_bool(loader: Any, node: Any) -> Any:
    """Return true and false; `yes`, `no`, `on` and `off` are texts, as in YAML 1.2."""
    text = str(loader.construct_scalar(node))
    return {"true": True, "false": False}.get(text.lower(), text)


_CONSTRUCTORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "map": _construct_object,
    "bool": _construct_bool,
    "float": _construct_float,
}
