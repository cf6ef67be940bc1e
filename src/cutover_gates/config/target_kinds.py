"""What the kinds of target need, and what they cannot have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from cutover_gates.config.container import Container
from cutover_gates.config.contract import Contract


class DescribedTarget(Protocol):
    """The part of a target's settings that its kind and its driver depend on."""

    @property
    def kind(self) -> str:
        """How the target comes up."""
        ...

    @property
    def url(self) -> str | None:
        """Where it answers."""
        ...

    @property
    def production(self) -> bool:
        """Whether real patients are there."""
        ...

    @property
    def container(self) -> Container:
        """What is started."""
        ...

    @property
    def driver(self) -> str:
        """How it speaks."""
        ...

    @property
    def mapping(self) -> Path | None:
        """The file of its REST mapping."""
        ...

    @property
    def rest(self) -> Mapping[str, Any] | None:
        """Its REST mapping as a table."""
        ...

    @property
    def contract(self) -> Contract:
        """How its API keeps its document."""
        ...


def check_kind(target: DescribedTarget) -> None:
    """Raise ValueError where settings of a target contradict its kind or its driver."""
    _check_address(target)
    _check_driver(target)
    _check_contract(target)


def _check_address(target: DescribedTarget) -> None:
    if target.kind == "remote" and not target.url:
        raise ValueError('a remote target needs url, such as "https://hospital.example.org"')
    if target.kind == "containers" and (
        target.url or target.production or not target.container.image
    ):
        raise ValueError(
            "a target in containers needs container.image; it brings its own url and is never"
            " production"
        )
    if target.kind == "embedded" and (target.url or target.production):
        raise ValueError(
            'an embedded target brings its own url and is never production; write kind = "remote"'
        )


def _check_driver(target: DescribedTarget) -> None:
    if target.driver == "fhir" and (target.mapping or target.rest is not None):
        raise ValueError(
            "a FHIR server takes no mapping: its resources are one (docs/fhir.md); leave"
            " mapping and rest out"
        )
    if target.mapping and target.rest is not None:
        raise ValueError("give mapping (a file) or rest (a table), not both")


def _check_contract(target: DescribedTarget) -> None:
    if target.contract.mode == "deep" and target.production:
        raise ValueError("production never gets the deep mode of contract: leave contract.mode out")
    if target.contract.mode == "deep" and target.kind == "remote" and not target.contract.throwaway:
        raise ValueError(
            'contract.mode = "deep" leaves behind what it makes: set contract.throwaway = true'
            " where all data may be spoilt"
        )
