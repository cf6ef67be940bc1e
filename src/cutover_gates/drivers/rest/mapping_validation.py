"""The validation of a mapping before any request is sent.

Each check raises a `MappingError` of one sentence that names the line to change.
"""

from __future__ import annotations

from collections.abc import Iterable

from cutover_gates.drivers.rest.mapping_model import OperationMap, TargetMapping
from cutover_gates.drivers.rest.parameter_meanings import read_meanings
from cutover_gates.drivers.rest.template_variables import (
    Known,
    check_captures_are_used,
    check_place,
    check_step,
    check_template,
    check_tree,
    sign_in_names,
    step_variables,
)
from cutover_gates.drivers.rest.vocabulary import (
    ALWAYS,
    ANYTHING,
    FIELDS,
    OPERATIONS,
    OPTIONAL_OPERATIONS,
    SESSION,
    WORDS,
    mapping_error,
    suggest_nearest,
)
from cutover_gates.hospital import MappingError, Reason

REQUIRED_REASONS = (Reason.UNAUTHENTICATED, Reason.NOT_FOUND, Reason.INVALID)
"""Rejections that every target has, so every mapping says how they look."""


def validate_mapping(mapping: TargetMapping) -> None:
    """Check everything that can be checked without a target. Raises `MappingError`."""
    _check_all_operations(mapping)
    _check_words(mapping)
    _check_refusals(mapping)
    check_place(mapping, "error.message", mapping.error.message)
    check_place(mapping, "error.request_id", mapping.error.request_id)
    for name, value in mapping.headers.items():
        check_template(mapping, f"headers.{name}", value, dict(ALWAYS))
    check_template(mapping, "token.value", mapping.token.value, {"token": ANYTHING})
    session: Known = dict.fromkeys(sign_in_names(mapping), ANYTHING)
    shared = _check_setup(mapping, session)
    used: set[str] = set()
    for name, operation in mapping.operations.items():
        used |= _check_operation(mapping, name, operation, {**shared, **session})
    _check_stored_forms(mapping)
    read_meanings(mapping)
    _check_captures(mapping, used)


def _check_all_operations(mapping: TargetMapping) -> None:
    for name in OPERATIONS:
        mapped, reason = name in mapping.operations, mapping.unsupported.get(name)
        if not mapped and reason is None and name not in OPTIONAL_OPERATIONS:
            problem = f'missing; map it, or say unsupported.{name} = "why"'
            raise mapping_error(mapping.source, f"operations.{name}", None, problem)
        if mapped and reason is not None:
            problem = f"operations.{name} maps it; keep one of the two"
            raise mapping_error(mapping.source, f"unsupported.{name}", reason, problem)
    for name, reason in mapping.unsupported.items():
        if not reason.strip():
            key, problem = f"unsupported.{name}", "say why: the verdict shows it"
            raise mapping_error(mapping.source, key, reason, problem)


def _check_words(mapping: TargetMapping) -> None:
    for kind, words in mapping.words.items():
        owners: dict[str | int, str] = {}
        for key, target_words in words.items():
            if key not in WORDS[kind]:
                raise _unknown(mapping, f"words.{kind}.{key}", key, WORDS[kind])
            for word in target_words:
                if word in owners:
                    problem = f"also stands for {owners[word]!r}, so it cannot be read back"
                    raise mapping_error(mapping.source, f"words.{kind}.{key}", word, problem)
                owners[word] = key


def _check_refusals(mapping: TargetMapping) -> None:
    for reason, rules in mapping.refusals.items():
        for rule in rules:
            if rule.where is not None:
                check_place(mapping, f"refusals.{reason.value}.where", rule.where)
            for name in rule.operations:
                if name not in OPERATIONS:
                    problem = f"not known; {suggest_nearest(name, OPERATIONS)}"
                    key = f"refusals.{reason.value}.operations"
                    raise mapping_error(mapping.source, key, name, problem)
    for reason in REQUIRED_REASONS:
        if not mapping.refusals.get(reason):
            problem = "missing; say by which status or words the target refuses so"
            raise mapping_error(mapping.source, f"refusals.{reason.value}", None, problem)


def _check_setup(mapping: TargetMapping, session: Known) -> Known:
    """Check the set-up steps; return the variables that they define."""
    known: Known = {**ALWAYS, **session, "session": SESSION}
    for index, step in enumerate(mapping.setup):
        check_step(mapping, f"setup[{index}]", step, known)
        known |= dict.fromkeys(step.capture, ANYTHING)
    return {name: ANYTHING for step in mapping.setup for name in step.capture}


def _check_operation(
    mapping: TargetMapping, name: str, operation: OperationMap, shared: Known
) -> set[str]:
    """Check one operation; return the names of the variables that it uses."""
    known = _initial_variables(name, shared)
    used: set[str] = set()
    for variable, template in operation.let.items():
        used |= check_tree(mapping, f"operations.{name}.let.{variable}", template, known)
        known[variable] = ANYTHING
    for index, step in enumerate(operation.steps):
        used |= check_step(mapping, mapping.step_key(name, index), step, known)
        known |= dict.fromkeys(step.capture, ANYTHING)
    fields = FIELDS[OPERATIONS[name].answer or "content"]
    for field in operation.answer:
        if field not in fields:
            raise _unknown(mapping, f"operations.{name}.answer.{field}", field, fields)
    used |= _check_answer(mapping, name, known)
    _check_list(mapping, name, operation, used)
    # What a sign-in captures may be used by any other operation: `_check_captures` looks there.
    if name != "sign_in":
        captured = {variable for step in operation.steps for variable in step.capture}
        check_captures_are_used(mapping, name, operation, used, captured | set(operation.let))
    return used


def _initial_variables(name: str, shared: Known) -> Known:
    known: Known = {**ALWAYS, **OPERATIONS[name].variables}
    if name != "sign_in":
        known |= shared
    if OPERATIONS[name].token or name == "refresh":
        known["session"] = SESSION
    return known


def _check_answer(mapping: TargetMapping, name: str, known: Known) -> set[str]:
    kind = OPERATIONS[name].answer
    if kind is None:
        return set()
    places = mapping.fields(name)
    for field, required in FIELDS[kind].items():
        if required and field not in places:
            problem = f"missing; say where the {kind}'s {field} stands in the answer"
            raise mapping_error(mapping.source, f"answers.{kind}.{field}", None, problem)
    used: set[str] = set()
    for field, where in places.items():
        if field not in FIELDS[kind]:
            raise _unknown(mapping, f"answers.{kind}.{field}", field, FIELDS[kind])
        used |= check_place(mapping, mapping.field_key(name, field), where, known)
    return used


def _check_list(mapping: TargetMapping, name: str, operation: OperationMap, used: set[str]) -> None:
    key = f"operations.{name}"
    if not OPERATIONS[name].is_list:
        for unfit in ("items", "total", "paging"):
            if getattr(operation, unfit) is not None:
                problem = "this operation gives no list"
                raise mapping_error(mapping.source, f"{key}.{unfit}", None, problem)
        return
    if operation.items is None:
        problem = (
            "missing; say where the list stands in the answer, '@' when the answer is the list"
        )
        raise mapping_error(mapping.source, f"{key}.items", None, problem)
    check_place(mapping, f"{key}.items", operation.items)
    if operation.total is not None:
        check_place(mapping, f"{key}.total", operation.total)
    _check_paging(mapping, key, operation, used)


def _check_paging(
    mapping: TargetMapping, key: str, operation: OperationMap, used: set[str]
) -> None:
    paging = operation.paging
    if paging is None:
        return
    if paging.next is not None:
        check_place(mapping, f"{key}.paging.next", paging.next)
    if paging.style != "link" and "page" not in used:
        problem = "no request uses {{ page.… }}, so the page would never turn"
        raise mapping_error(mapping.source, f"{key}.paging.style", paging.style, problem)


def _check_stored_forms(mapping: TargetMapping) -> None:
    known: Known = {**ALWAYS, **OPERATIONS["register"].variables}
    for field, template in mapping.becomes.items():
        check_template(mapping, f"becomes.{field}", template or "", known)


def _check_captures(mapping: TargetMapping, used: set[str]) -> None:
    """Check the captures of the set-up and the sign-in: some operation must use each of them."""
    for index, step in enumerate(mapping.setup):
        used |= step_variables(step)
        for variable, where in step.capture.items():
            if variable not in used:
                key = f"setup[{index}].capture.{variable}"
                raise mapping_error(mapping.source, key, where, "captured, but never used")
    sign_in = mapping.operations.get("sign_in")
    if sign_in is not None:
        check_captures_are_used(mapping, "sign_in", sign_in, used, set())


def _unknown(mapping: TargetMapping, key: str, given: str, allowed: Iterable[str]) -> MappingError:
    problem = f"not known; {suggest_nearest(given, allowed)}"
    return mapping_error(mapping.source, key, None, problem)
