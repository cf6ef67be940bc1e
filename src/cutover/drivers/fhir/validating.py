"""Holds resources to FHIR's own definition, by `fhir.resources`.

Its `R4B` models are the nearest to R4 (4.0.1): those of the resources that are spoken of here did
not change between the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class NotFhir(ValueError):
    """A resource is not as FHIR defines it.

    `element` names the first element that is not, from the resource's type on.
    """

    def __init__(self, element: str, why: str) -> None:
        super().__init__(f"{element}: {why}")
        self.element, self.why = element, why


def hold(kind: str, resource: Any) -> None:
    """Raise `NotFhir` where `resource` is no valid resource of type `kind`."""
    from fhir.resources.R4B import (
        get_fhir_model_class,
    )  # here, because it takes long and only a FHIR target needs it
    from pydantic import ValidationError

    came = resource.get("resourceType") if isinstance(resource, Mapping) else None
    if came != kind:
        raise NotFhir("resourceType", f"{came!r}, expected {kind!r}")
    try:
        get_fhir_model_class(kind).model_validate(resource)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise NotFhir(_named(kind, first["loc"]), str(first["msg"]).partition("\n")[0]) from None


def _named(kind: str, place: tuple[int | str, ...]) -> str:
    """('name', 0, 'family') of a Patient as Patient.name[0].family."""
    return kind + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
