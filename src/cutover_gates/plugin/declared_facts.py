"""The facts that a target's settings declare, and the notes about them.

They stand in `capabilities` and `not_applicable`, in the mapping's `unsupported`, in the keys that
take questions away, and, of a FHIR server, in its own capability statement.
"""

from __future__ import annotations

from collections.abc import Mapping

from cutover_gates.config.base import SettingsError
from cutover_gates.config.capabilities import CAPABILITIES
from cutover_gates.config.left_out_settings import LeftOutQuestion, find_left_out
from cutover_gates.config.settings import Settings
from cutover_gates.core.declarations import (
    CAPABILITY,
    ITEM,
    SETTING,
    STATEMENT,
    Declaration,
)
from cutover_gates.core.plan import Plan
from cutover_gates.core.plan_file import load_plan
from cutover_gates.core.tables import suggest_nearest
from cutover_gates.core.value_text import format_value
from cutover_gates.targets.driver_factory import FHIR, load_unsupported_operations
from cutover_gates.util.shipped_files import shipped_file
from cutover_gates.util.text import format_list


def list_declarations(
    settings: Settings, plan: Plan, not_offered: Mapping[str, str]
) -> list[Declaration]:
    """Return all declared facts: items, capabilities, and what the target itself does not offer.

    `not_offered` is what its capability statement does not list. Raises `SettingsError` for a
    declared item that no plan has.
    """
    absent = load_unsupported_operations(settings)
    # Of another driver FHIR's own checks ask nothing: that is no fact that somebody declared.
    absent.pop(FHIR, None)
    capabilities = settings.chosen_target.capabilities
    return [
        *_list_items(settings, plan),
        *(
            Declaration(CAPABILITY, name, reason, capabilities[name].by, capabilities[name].at)
            if name in capabilities
            else Declaration(CAPABILITY, name, reason)
            for name, reason in absent.items()
        ),
        *(
            Declaration(CAPABILITY, name, fact.reason, fact.by, fact.at)
            for name, fact in capabilities.items()
            if fact.value is not False
        ),
        *(
            Declaration(STATEMENT, name, reason, "its own capability statement")
            for name, reason in not_offered.items()
            if name not in absent
        ),
        *(_describe_setting(left_out) for left_out in find_left_out(settings.chosen_target)),
    ]


def _describe_setting(left_out: LeftOutQuestion) -> Declaration:
    return Declaration(
        SETTING, left_out.name, left_out.reason, left_out.by, left_out.at, left_out.suite
    )


def _list_items(settings: Settings, plan: Plan) -> list[Declaration]:
    declared = settings.chosen_target.not_applicable
    _refuse_unknown_items(settings, plan)
    facts = plan.apply_declarations(declared)
    return [Declaration(ITEM, item, fact.reason, fact.by, fact.at) for item, fact in facts.items()]


def _refuse_unknown_items(settings: Settings, plan: Plan) -> None:
    """Raise `SettingsError` for an item that neither the plan nor the shipped one has.

    A plan may be smaller than the settings of a target that knows more items.
    """
    unknown = plan.unknown_declarations(settings.chosen_target.not_applicable)
    if not unknown:
        return
    shipped = load_plan(shipped_file("plan.toml")).by_id
    for name in unknown:
        if name not in shipped:
            nearest = suggest_nearest(name, plan.by_id)
            raise SettingsError(
                f"[targets.{settings.target}.not_applicable] names {name!r}, and the plan has no"
                f" such item.{nearest} Correct the id, or remove the line."
            )


def describe_former_keys(settings: Settings) -> list[str]:
    """Return a sentence for each way of declaring that only this version still reads."""
    table = f"targets.{settings.target}"
    target = settings.chosen_target
    anonymous = [name for name, fact in target.not_applicable.items() if fact.is_anonymous]
    notes = []
    if target.unsupported:
        notes.append(
            f"[{table}.unsupported] declares {format_list(list(target.unsupported))} without a"
            f" person and a date. Move it to [{table}.capabilities]: the next version does not read"
            " unsupported."
        )
    if anonymous:
        notes.append(
            f"[{table}.not_applicable] declares {format_list(anonymous)} without a person and a"
            " date. Write { reason, by, at } instead of the text: the next version does not read"
            " the text."
        )
    return notes


def describe_switched_off(settings: Settings) -> list[str]:
    """Return a line for each capability that is declared absent: what is then not asked."""
    return [
        f"{name}: {CAPABILITIES[name].absence}.{_describe_proven(name)} Declared: {reason}"
        for name, reason in settings.chosen_target.absent_capabilities.items()
    ]


def describe_otherwise(settings: Settings) -> list[str]:
    """Return a line for each capability that the target is declared to have in its own way."""
    return [
        f"{name} = {format_value(fact.value)}: {CAPABILITIES[name].meaning}."
        f" Declared: {fact.reason}"
        for name, fact in settings.chosen_target.capabilities.items()
        if fact.value is not False
    ]


def _describe_proven(name: str) -> str:
    proven = CAPABILITIES[name].proven
    return f" Proven all the same: {proven}." if proven else ""
