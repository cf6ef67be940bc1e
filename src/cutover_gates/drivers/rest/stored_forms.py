"""The stored form of a patient: what a draft becomes in a target, as its mapping declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import date, datetime
from typing import Any

from cutover_gates.drivers.rest.mapping_model import TargetMapping
from cutover_gates.drivers.rest.template_moments import current_moment
from cutover_gates.drivers.rest.templates import TemplateFault, render
from cutover_gates.drivers.rest.value_mapping import AnswerReader
from cutover_gates.drivers.rest.vocabulary import mapping_error
from cutover_gates.hospital import PatientDraft, Sex

_OPTIONAL_FIELDS: Mapping[str, Any] = {
    "phone": None,
    "address": None,
    "sex": Sex.UNKNOWN,
    "given_name": "",
}
"""The value of each field that a mapping may leave out of its answers."""


def draft_variables(draft: PatientDraft, reader: AnswerReader) -> dict[str, Any]:
    """Return a draft as templates see it, in the target's words."""
    variables = {field.name: getattr(draft, field.name) for field in fields(PatientDraft)}
    return {**variables, "sex": reader.to_target("sex", draft.sex)}


class StoredForms:
    """The stored forms of one mapping, to compare what was sent with what comes back."""

    def __init__(
        self, mapping: TargetMapping, always: Mapping[str, Any], reader: AnswerReader
    ) -> None:
        self._mapping, self._always, self._reader = mapping, always, reader

    def stored_form(self, draft: PatientDraft) -> PatientDraft:
        """Return what a draft becomes in this target. Raises `MappingError`."""
        answered = self._mapping.answers.get("patient", {})
        changes = {name: value for name, value in _OPTIONAL_FIELDS.items() if name not in answered}
        own = {"draft": draft_variables(draft, self._reader), "key": None, "now": current_moment()}
        for field, template in self._mapping.becomes.items():
            rendered = None if template is None else self._render(field, template, own)
            changes[field] = rendered
        return replace(draft, **changes)

    def _render(self, field: str, template: str, variables: Mapping[str, Any]) -> Any:
        """Return the stored form of a field. Raises `MappingError` that names its key."""
        try:
            value = render(template, {**self._always, **variables})
            return _CONVERSIONS.get(field, _require_text)(value)
        except (TemplateFault, TypeError, ValueError) as fault:
            key = f"becomes.{field}"
            raise mapping_error(self._mapping.source, key, template, str(fault)) from fault


def _require_date(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise TypeError(
            f"gives a {type(value).__name__}, and a birth date is a date: write"
            " {{ draft.birth_date.replace(month=1, day=1) }}"
        ) from None


def _require_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise TypeError(f"gives a {type(value).__name__}, and this field is a text")


_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {"birth_date": _require_date, "sex": Sex}
"""What a template's value becomes, by field; all others are texts."""
