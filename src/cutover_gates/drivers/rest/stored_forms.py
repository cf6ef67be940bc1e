"""The stored form of a patient: what a draft becomes in a target, as its mapping declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from cutover_gates.drivers.rest.mapping_model import TargetMapping
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
        variables = {**self._always, "draft": draft_variables(draft, self._reader), "key": None}
        for field, template in self._mapping.becomes.items():
            changes[field] = None if template is None else self._render(field, template, variables)
        return replace(draft, **changes)

    def _render(self, field: str, template: str, variables: Mapping[str, Any]) -> Any:
        try:
            return render(template, variables)
        except TemplateFault as fault:
            key = f"becomes.{field}"
            raise mapping_error(self._mapping.source, key, template, str(fault)) from fault
