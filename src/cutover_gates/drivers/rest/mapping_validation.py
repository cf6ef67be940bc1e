"""What can be known to be wrong with a mapping before any target is asked.

Each check raises a `MappingError` of one sentence that names the line to mend.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cutover_gates.drivers.rest.extraction import ReadFault, compile_expression
from cutover_gates.drivers.rest.mapping_model import MappingStep, OperationMap, TargetMapping
from cutover_gates.drivers.rest.templates import (
    TemplateFault,
    attribute_names,
    is_template,
    variable_names,
)
from cutover_gates.drivers.rest.vocabulary import (
    ALWAYS,
    ANSWER_VARIABLES,
    ANYTHING,
    FIELDS,
    OPERATIONS,
    SESSION,
    WORDS,
    mapping_error,
    suggest_nearest,
)
from cutover_gates.hospital import Reason

Known = dict[str, frozenset[str] | None]
RESERVED_NAMES = {*ALWAYS, *ANSWER_VARIABLES, "session", "token"} | {
    name for meaning in OPERATIONS.values() for name in meaning.variables
}
"""Names under which nothing can be captured: a template could mean either."""


def validate_mapping(mapping: TargetMapping) -> None:
    """Everything that can be checked without a target."""
    _check_all_operations(mapping)
    _check_words(mapping)
    _check_refusals(mapping)
    _check_read(mapping, "error.message", mapping.error.message)
    _check_read(mapping, "error.request_id", mapping.error.request_id)
    for name, value in mapping.headers.items():
        _check_template(mapping, f"headers.{name}", value, dict(ALWAYS))
    _check_template(mapping, "token.value", mapping.token.value, {"token": ANYTHING})
    session: Known = dict.fromkeys(sign_in_names(mapping), ANYTHING)
    shared = _check_setup(mapping, session)
    used: set[str] = set()
    for name, operation in mapping.operations.items():
        used |= _check_operation(mapping, name, operation, {**shared, **session})
    _check_stored_forms(mapping)
    _check_captures(mapping, used)


def _check_all_operations(mapping: TargetMapping) -> None:
    for name in OPERATIONS:
        mapped, unsupported = name in mapping.operations, name in mapping.unsupported
        if not mapped and not unsupported:
            raise mapping_error(
                mapping.source,
                f"operations.{name}",
                None,
                f'missing; map it, or say unsupported.{name} = "why"',
            )
        if mapped and unsupported:
            raise mapping_error(
                mapping.source,
                f"unsupported.{name}",
                mapping.unsupported[name],
                f"operations.{name} maps it; keep one of the two",
            )
    for name, why in mapping.unsupported.items():
        if not why.strip():
            raise mapping_error(
                mapping.source, f"unsupported.{name}", why, "say why: the verdict shows it"
            )


def _check_words(mapping: TargetMapping) -> None:
    for kind, words in mapping.words.items():
        seen: dict[str | int, str] = {}
        for key, theirs in words.items():
            if key not in WORDS[kind]:
                raise mapping_error(
                    mapping.source,
                    f"words.{kind}.{key}",
                    None,
                    f"not known; {suggest_nearest(key, WORDS[kind])}",
                )
            for word in theirs:
                if word in seen:
                    raise mapping_error(
                        mapping.source,
                        f"words.{kind}.{key}",
                        word,
                        f"also stands for {seen[word]!r}, so it cannot be read back",
                    )
                seen[word] = key


def _check_refusals(mapping: TargetMapping) -> None:
    for reason, rules in mapping.refusals.items():
        for rule in rules:
            if rule.where is not None:
                _check_read(mapping, f"refusals.{reason.value}.where", rule.where)
            for name in rule.operations:
                if name not in OPERATIONS:
                    raise mapping_error(
                        mapping.source,
                        f"refusals.{reason.value}.operations",
                        name,
                        f"not known; {suggest_nearest(name, OPERATIONS)}",
                    )
    for reason in (Reason.UNAUTHENTICATED, Reason.NOT_FOUND, Reason.INVALID):
        if not mapping.refusals.get(reason):
            raise mapping_error(
                mapping.source,
                f"refusals.{reason.value}",
                None,
                "missing; say by which status or words the target refuses so",
            )


def _check_setup(mapping: TargetMapping, session: Known) -> Known:
    known: Known = {**ALWAYS, **session, "session": SESSION}
    for index, step in enumerate(mapping.setup):
        _check_step(mapping, f"setup[{index}]", step, known)
        known |= dict.fromkeys(step.capture, ANYTHING)
    return {name: None for step in mapping.setup for name in step.capture}


def _captures(operation: OperationMap) -> Known:
    return {name: ANYTHING for step in operation.steps for name in step.capture}


def _check_operation(
    mapping: TargetMapping, name: str, operation: OperationMap, shared: Known
) -> set[str]:
    """Check one operation; returns the names of the variables it uses."""
    meaning, key, used = OPERATIONS[name], f"operations.{name}", set[str]()
    known: Known = {**ALWAYS, **meaning.variables}
    if name != "sign_in":
        known |= shared
    if meaning.token or name == "refresh":
        known["session"] = SESSION
    for variable, template in operation.let.items():
        used |= _check_tree(mapping, f"{key}.let.{variable}", template, known)
        known[variable] = ANYTHING
    for index, step in enumerate(operation.steps):
        used |= _check_step(mapping, mapping.step_key(name, index), step, known)
        known |= dict.fromkeys(step.capture, ANYTHING)
    for field in operation.answer:
        if field not in FIELDS[meaning.answer or "content"]:
            raise mapping_error(
                mapping.source,
                f"{key}.answer.{field}",
                None,
                f"not known; {suggest_nearest(field, FIELDS[meaning.answer or 'content'])}",
            )
    used |= _check_answer(mapping, name, known)
    _check_list(mapping, name, operation, used)
    local = {variable for step in operation.steps for variable in step.capture} | set(operation.let)
    if name != "sign_in":
        _find_variables(mapping, name, operation, used, local)
    return used


def operation_variables(mapping: TargetMapping, name: str, operation: OperationMap) -> set[str]:
    """The variables that an operation uses, in what it sends and in what is read of its answer."""
    told = [text for _, text in _leaves("let", operation.let)] + list(mapping.fields(name).values())
    read = {variable for text in told if is_template(text) for variable in variable_names(text)}
    return read | {variable for step in operation.steps for variable in step_variables(step)}


def step_variables(step: MappingStep) -> set[str]:
    """The variables that a step uses in what it sends."""
    return {
        variable
        for _, text in _texts(step)
        if is_template(text)
        for variable in variable_names(text)
    }


def sign_in_names(mapping: TargetMapping) -> set[str]:
    """What a sign-in captures: variables of that session, everywhere."""
    return (
        set(_captures(mapping.operations["sign_in"])) if "sign_in" in mapping.operations else set()
    )


def _find_variables(
    mapping: TargetMapping, name: str, operation: OperationMap, used: set[str], local: set[str]
) -> None:
    for index, step in enumerate(operation.steps):
        for variable in step.capture:
            if variable not in used:
                place = f"{mapping.step_key(name, index)}.capture.{variable}"
                raise mapping_error(
                    mapping.source,
                    place,
                    step.capture[variable],
                    f"captured, but never used{_suggest_variable(variable, used - local)}",
                )


def _suggest_variable(variable: str, used: set[str]) -> str:
    near = [name for name in used if name[:3] == variable[:3]]
    return f" (used is {near[0]!r})" if near else ""


def _check_answer(mapping: TargetMapping, name: str, known: Known) -> set[str]:
    kind = OPERATIONS[name].answer
    used: set[str] = set()
    if kind is None:
        return used
    fields = mapping.fields(name)
    for field, required in FIELDS[kind].items():
        if required and field not in fields:
            raise mapping_error(
                mapping.source,
                f"answers.{kind}.{field}",
                None,
                f"missing; say where the {kind}'s {field} stands in the answer",
            )
    for field, where in fields.items():
        if field not in FIELDS[kind]:
            raise mapping_error(
                mapping.source,
                f"answers.{kind}.{field}",
                None,
                f"not known; {suggest_nearest(field, FIELDS[kind])}",
            )
        used |= _check_read(mapping, mapping.field_key(name, field), where, known)
    return used


def _check_list(mapping: TargetMapping, name: str, operation: OperationMap, used: set[str]) -> None:
    key = f"operations.{name}"
    if not OPERATIONS[name].is_list:
        for unfit in ("items", "total", "paging"):
            if getattr(operation, unfit) is not None:
                raise mapping_error(
                    mapping.source, f"{key}.{unfit}", None, "this operation gives no list"
                )
        return
    if operation.items is None:
        raise mapping_error(
            mapping.source,
            f"{key}.items",
            None,
            "missing; say where the list stands in the answer, '@' when the answer is the list",
        )
    for where, field in ((operation.items, "items"), (operation.total, "total")):
        if where is not None:
            _check_read(mapping, f"{key}.{field}", where)
    if operation.paging is None:
        return
    if operation.paging.next is not None:
        _check_read(mapping, f"{key}.paging.next", operation.paging.next)
    if operation.paging.style != "link" and "page" not in used:
        raise mapping_error(
            mapping.source,
            f"{key}.paging.style",
            operation.paging.style,
            "no request uses {{ page.… }}, so the page would never turn",
        )


def _check_stored_forms(mapping: TargetMapping) -> None:
    known: Known = {**ALWAYS, **OPERATIONS["register"].variables}
    for field, template in mapping.becomes.items():
        if template is not None:
            _check_template(mapping, f"becomes.{field}", template, known)


def _check_captures(mapping: TargetMapping, used: set[str]) -> None:
    """Captures of the set-up and of the sign-in are variables everywhere: anywhere they must be
    used.
    """
    for index, step in enumerate(mapping.setup):
        used |= step_variables(step)
        for variable in step.capture:
            if variable not in used:
                raise mapping_error(
                    mapping.source,
                    f"setup[{index}].capture.{variable}",
                    step.capture[variable],
                    "captured, but never used",
                )
    if "sign_in" in mapping.operations:
        _find_variables(mapping, "sign_in", mapping.operations["sign_in"], used, set())


def _texts(step: MappingStep) -> Iterator[tuple[str, str]]:
    """Every text of a step that may be a template, with its key."""
    for key in ("path", "url", "query", "headers", "json_body", "form", "multipart", "bytes_body"):
        yield from _leaves(key.removesuffix("_body"), getattr(step, key))


def _leaves(key: str, tree: Any) -> Iterator[tuple[str, str]]:
    if isinstance(tree, str):
        yield key, tree
    elif isinstance(tree, dict):
        for name, item in tree.items():
            yield from _leaves(f"{key}.{name}", item)
    elif isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from _leaves(f"{key}[{index}]", item)


def _check_step(mapping: TargetMapping, key: str, step: MappingStep, known: Known) -> set[str]:
    used: set[str] = set()
    for variable, where in step.capture.items():
        if variable in RESERVED_NAMES:
            raise mapping_error(
                mapping.source,
                f"{key}.capture.{variable}",
                where,
                "that name is taken; capture under another one",
            )
        _check_read(mapping, f"{key}.capture.{variable}", where)
    for place, text in _texts(step):
        used |= _check_template(mapping, f"{key}.{place}", text, known)
    return used


def _check_tree(mapping: TargetMapping, key: str, tree: Any, known: Known) -> set[str]:
    return {
        name
        for place, text in _leaves(key, tree)
        for name in _check_template(mapping, place, text, known)
    }


def _check_read(
    mapping: TargetMapping, key: str, where: str, known: Known | None = None
) -> set[str]:
    """Check a JMESPath, `header:`, `cookie:` or template; returns the variables it uses."""
    if where.startswith(("header:", "cookie:")):
        return set()
    if is_template(where):
        return _check_template(
            mapping, key, where, {**(known or {}), **dict.fromkeys(ANSWER_VARIABLES, ANYTHING)}
        )
    try:
        compile_expression(where)
    except ReadFault as fault:
        raise mapping_error(mapping.source, key, where, str(fault)) from None
    return set()


def _check_template(mapping: TargetMapping, key: str, text: str, known: Known) -> set[str]:
    if not is_template(text):
        return set()
    try:
        used, seen = variable_names(text), attribute_names(text)
    except TemplateFault as fault:
        raise mapping_error(mapping.source, key, text, str(fault)) from None
    for name in sorted(used - set(known)):
        raise mapping_error(
            mapping.source,
            key,
            text,
            f"there is no variable {name!r} here; {suggest_nearest(name, known)}",
        )
    for name, attribute in sorted(seen):
        allowed = known.get(name)
        if allowed is not None and attribute not in allowed:
            raise mapping_error(
                mapping.source,
                key,
                text,
                f"{name} has no {attribute!r}; {suggest_nearest(attribute, allowed)}",
            )
    return used
