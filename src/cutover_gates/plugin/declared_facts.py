"""What is told of the facts that a target's settings declare: `capabilities`, `not_applicable`."""

from __future__ import annotations

from cutover_gates.config.capabilities import CAPABILITIES
from cutover_gates.config.settings import Settings
from cutover_gates.util.text import format_list


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
        f"{name}: {CAPABILITIES[name].absence}. Declared: {reason}"
        for name, reason in settings.chosen_target.absent_capabilities.items()
    ]
