"""The variables of a mapping's templates: which ones a template uses, and whether they exist.

Each check raises a `MappingError` of one sentence that names the line to change.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cutover_gates.drivers.rest.extraction import ExtractionError, compile_expression
from cutover_gates.drivers.rest.mapping_model import OperationMap, TargetMapping
from cutover_gates.drivers.rest.mapping_tables import MappingStep
from cutover_gates.drivers.rest.template_moments import (
    MOMENT_FUNCTIONS,
    MOMENT_NAMES,
    current_moment,
)
from cutover_gates.drivers.rest.templates import (
    TemplateFault,
    attribute_names,
    is_template,
    render,
    variable_names,
)
from cutover_gates.drivers.rest.vocabulary import (
    ALWAYS,
    ANSWER_VARIABLES,
    ANYTHING,
    OPERATIONS,
    mapping_error,
    suggest_nearest,
)

Known = dict[str, frozenset[str] | None]
"""The variables that exist, with the attributes of each (None: any)."""
RESERVED_NAMES = {*ALWAYS, *ANSWER_VARIABLES, "session", "token"} | {
    name for specification in OPERATIONS.values() for name in specification.variables
}
"""Names under which nothing can be captured: in a template they could mean either value."""
_STEP_TEXTS = ("path", "url", "query", "headers", "json_body", "form", "multipart", "bytes_body")


def operation_variables(mapping: TargetMapping, name: str, operation: OperationMap) -> set[str]:
    """Return the variables that an operation uses, in what it sends and in what it reads."""
    texts = [text for _, text in _leaves("let", operation.let)]
    texts += mapping.fields(name).values()
    sent = (step_variables(step) for step in operation.steps)
    return _names_in(texts).union(*sent)


def step_variables(step: MappingStep) -> set[str]:
    """Return the variables that a step uses in what it sends."""
    return _names_in([text for _, text in _step_texts(step)])


def sign_in_names(mapping: TargetMapping) -> set[str]:
    """Return what a sign-in captures: variables of that session, in every operation."""
    sign_in = mapping.operations.get("sign_in")
    if sign_in is None:
        return set()
    return {name for step in sign_in.steps for name in step.capture}


def check_step(mapping: TargetMapping, key: str, step: MappingStep, known: Known) -> set[str]:
    """Check the captures and templates of a step; return the variables that it uses."""
    for variable, where in step.capture.items():
        place = f"{key}.capture.{variable}"
        if variable in RESERVED_NAMES:
            problem = "that name is taken; capture under another one"
            raise mapping_error(mapping.source, place, where, problem)
        check_place(mapping, place, where)
    used: set[str] = set()
    for place, text in _step_texts(step):
        used |= check_template(mapping, f"{key}.{place}", text, known)
    return used


def check_tree(mapping: TargetMapping, key: str, tree: Any, known: Known) -> set[str]:
    """Check every template in nested tables and lists; return the variables that they use."""
    used = (check_template(mapping, place, text, known) for place, text in _leaves(key, tree))
    return set[str]().union(*used)


def check_place(
    mapping: TargetMapping, key: str, where: str, known: Known | None = None
) -> set[str]:
    """Check a JMESPath, `header:`, `cookie:` or template; return the variables that it uses."""
    if where.startswith(("header:", "cookie:")):
        return set()
    if is_template(where):
        in_answer = {**(known or {}), **dict.fromkeys(ANSWER_VARIABLES, ANYTHING)}
        return check_template(mapping, key, where, in_answer)
    try:
        compile_expression(where)
    except ExtractionError as fault:
        raise mapping_error(mapping.source, key, where, str(fault)) from None
    return set()


def check_template(mapping: TargetMapping, key: str, text: str, known: Known) -> set[str]:
    """Check that each variable and attribute of a template exists; return its variables."""
    if not is_template(text):
        return set()
    try:
        used, attributes = set(variable_names(text)), attribute_names(text)
    except TemplateFault as fault:
        raise mapping_error(mapping.source, key, text, str(fault)) from None
    for name in sorted(used - set(known)):
        problem = f"there is no variable {name!r} here; {suggest_nearest(name, known)}"
        raise mapping_error(mapping.source, key, text, problem)
    for name, attribute in sorted(attributes):
        allowed = known.get(name)
        if allowed is not None and attribute not in allowed:
            problem = f"{name} has no {attribute!r}; {suggest_nearest(attribute, allowed)}"
            raise mapping_error(mapping.source, key, text, problem)
    if used and used <= MOMENT_NAMES:
        _try_moment(mapping, key, text)
    return used


def _try_moment(mapping: TargetMapping, key: str, text: str) -> None:
    """Render a template of moments alone: its mistakes show without a target."""
    try:
        render(text, {**MOMENT_FUNCTIONS, "now": current_moment()})
    except TemplateFault as fault:
        raise mapping_error(mapping.source, key, text, str(fault)) from None


def check_captures_are_used(
    mapping: TargetMapping, name: str, operation: OperationMap, used: set[str], local: set[str]
) -> None:
    """Check that each capture of an operation is used. `local` are the names that it defines."""
    for index, step in enumerate(operation.steps):
        for variable, where in step.capture.items():
            if variable not in used:
                place = f"{mapping.step_key(name, index)}.capture.{variable}"
                hint = _suggest_variable(variable, used - local)
                raise mapping_error(mapping.source, place, where, f"captured, but never used{hint}")


def _suggest_variable(variable: str, used: set[str]) -> str:
    similar = [name for name in used if name[:3] == variable[:3]]
    return f" (used is {similar[0]!r})" if similar else ""


def _names_in(texts: list[str]) -> set[str]:
    names = (variable_names(text) for text in texts if is_template(text))
    return set[str]().union(*names)


def _step_texts(step: MappingStep) -> Iterator[tuple[str, str]]:
    """Yield every text of a step that may be a template, with its key."""
    for key in _STEP_TEXTS:
        yield from _leaves(key.removesuffix("_body"), getattr(step, key))


def _leaves(key: str, tree: Any) -> Iterator[tuple[str, str]]:
    """Yield every text in a tree, with its key."""
    if isinstance(tree, str):
        yield key, tree
    elif isinstance(tree, dict):
        for name, item in tree.items():
            yield from _leaves(f"{key}.{name}", item)
    elif isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from _leaves(f"{key}[{index}]", item)
