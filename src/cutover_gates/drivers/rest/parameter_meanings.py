"""The meaning of the parameters of a target's own document: `[rest.parameters]`.

A key is the name of a parameter, or a path in which a name has a meaning of its own:

    person = "patient.id"                                  # of this name, everywhere
    "GET /patient/{external_id}/" = "patient.id"           # in this operation
    "/patient/{external_id}/*" = "patient.id"              # in every path that begins so
    "/patient/{patient}/files/{id}/" = { patient = "patient.id", id = "document.id" }
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutover_gates.drivers.rest.mapping_model import TargetMapping
from cutover_gates.drivers.rest.vocabulary import mapping_error, suggest_nearest
from cutover_gates.hospital import MappingError

PATH_PARAMETER = re.compile(r"\{([^}]+)\}")
OWN_IDS = ("patient_id", "visit_id", "document_id")
_METHODS = "GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE|TRACE"
_PATH_KEY = re.compile(rf"(?:(?P<method>{_METHODS}) +)?(?P<path>/\S*)")
DocumentedNames = Mapping[str, Mapping[str, frozenset[str]]]
"""The names of the parameters of each operation: path -> method -> names."""


@dataclass(frozen=True)
class PathRule:
    """The meanings in one path. `method` is empty for all, `path` ends in `*` for a beginning."""

    method: str
    path: str
    meanings: Mapping[str, str]

    @property
    def key(self) -> str:
        """The key as it stands in the mapping."""
        return quote_key(f"{self.method} {self.path}".strip())

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """How exactly the rule names an operation: the most exact one wins."""
        return not self.path.endswith("*"), bool(self.method), len(self.path)

    def matches(self, method: str, path: str) -> bool:
        """Return whether the rule is about this operation."""
        if self.method and self.method != method:
            return False
        if self.path.endswith("*"):
            return path.startswith(self.path[:-1])
        return path == self.path


@dataclass(frozen=True)
class UnlistedMeaning:
    """What a rule names and a document does not have: an operation, or its parameter `name`."""

    rule: PathRule
    name: str
    problem: str

    @property
    def key(self) -> str:
        """The key as it stands in the mapping."""
        return f"{self.rule.key}.{self.name}" if self.name else self.rule.key

    @property
    def subject(self) -> str:
        """The operation, and its parameter where only that is missing."""
        operation = f"{self.rule.method} {self.rule.path}".strip()
        return f"{operation} ({self.name})" if self.name else operation


@dataclass(frozen=True)
class ParameterMeanings:
    """The meanings of a mapping. `by_name` hold in every operation, `rules` in theirs."""

    source: str
    by_name: Mapping[str, str]
    rules: tuple[PathRule, ...]

    def of_operation(self, method: str, path: str) -> dict[str, str]:
        """Return our id for each name that means one in this operation."""
        found = dict(self.by_name)
        for rule in sorted(self.rules, key=lambda rule: rule.rank):
            if rule.matches(method, path):
                found |= rule.meanings
        return found

    def find_unlisted(self, documented: DocumentedNames) -> Iterator[UnlistedMeaning]:
        """Yield what the rules name and the document does not have."""
        for rule in self.rules:
            methods = [
                names
                for path, operations in documented.items()
                for method, names in operations.items()
                if rule.matches(method, path)
            ]
            if not methods:
                yield UnlistedMeaning(rule, "", _describe_unknown(rule, documented))
                continue
            known = frozenset[str]().union(*methods)
            for name in rule.meanings:
                if name not in known:
                    problem = (
                        f"no operation there has this parameter; {suggest_nearest(name, known)}"
                    )
                    yield UnlistedMeaning(rule, name, problem)


def quote_key(name: str) -> str:
    """Return the dotted key of a parameter's rule, quoted where TOML wants it so."""
    return f"parameters.{name}" if re.fullmatch(r"[\w-]+", name) else f'parameters."{name}"'


def read_meanings(mapping: TargetMapping) -> ParameterMeanings:
    """Return the meanings that a mapping declares. Raises `MappingError`."""
    by_name: dict[str, str] = {}
    paths: list[tuple[str, Any]] = []
    for name, given in mapping.parameters.items():
        if "/" in name:
            paths.append((name, given))
        else:
            by_name[name] = _read_own_id(mapping, quote_key(name), given)
    rules = tuple(_read_rule(mapping, name, given, by_name) for name, given in paths)
    return ParameterMeanings(mapping.source, by_name, rules)


def _read_rule(
    mapping: TargetMapping, name: str, given: Any, by_name: Mapping[str, str]
) -> PathRule:
    key, found = quote_key(name), _PATH_KEY.fullmatch(name)
    if found is None:
        problem = 'write a method and a path, such as "GET /patient/{external_id}/"'
        raise mapping_error(mapping.source, key, None, problem)
    method, path = found["method"] or "", found["path"]
    if isinstance(given, dict):
        meanings = {
            own: _read_own_id(mapping, f"{key}.{own}", meaning) for own, meaning in given.items()
        }
    else:
        own_id = _read_own_id(mapping, key, given)
        meanings = {_only_parameter(mapping, key, path, by_name): own_id}
    return PathRule(method, path, meanings)


def _read_own_id(mapping: TargetMapping, key: str, given: Any) -> str:
    own_id = str(given).replace(".", "_")
    if own_id in OWN_IDS:
        return own_id
    allowed = [one.replace("_", ".") for one in OWN_IDS]
    raise mapping_error(
        mapping.source, key, given, f"not known; {suggest_nearest(str(given), allowed)}"
    )


def _only_parameter(mapping: TargetMapping, key: str, path: str, by_name: Mapping[str, str]) -> str:
    """Return the parameter of a path that a single id can be meant for."""
    names = list(dict.fromkeys(PATH_PARAMETER.findall(path)))
    open_names = [name for name in names if name not in by_name and name not in OWN_IDS]
    if len(names) == 1:
        return str(names[0])
    if len(open_names) == 1:
        return str(open_names[0])
    raise _ambiguous_path(mapping, key, names)


def _ambiguous_path(mapping: TargetMapping, key: str, names: Sequence[str]) -> MappingError:
    if not names:
        return mapping_error(mapping.source, key, None, "the path has no {parameter}")
    table = ", ".join(f'{name} = "patient.id"' for name in names)
    problem = f"the path has {len(names)} parameters, so say what each is: {{ {table} }}"
    return mapping_error(mapping.source, key, None, problem)


def _describe_unknown(rule: PathRule, documented: DocumentedNames) -> str:
    """Return what the document has instead of the operation that a rule names."""
    if rule.path in documented:
        methods = ", ".join(sorted(documented[rule.path]))
        return f"the target's document has no {rule.method} there; it has {methods}"
    known = list(_operation_names(rule, documented))
    name = f"{rule.method} {rule.path}".strip()
    near = suggest_nearest(name, known) if known else "it has no path at all"
    if near.startswith("allowed are"):
        near = f"it has {len(known)} others"
    return f"the target's document has no such path; {near}"


def _operation_names(rule: PathRule, documented: DocumentedNames) -> Iterator[str]:
    for path, methods in documented.items():
        if rule.method:
            yield from (f"{method} {path}" for method in methods)
        else:
            yield path
