"""Own drivers: a class that a hospital's team writes, named as `package.module:Class`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.http_client import HttpClient
from cutover_gates.drivers.rest.vocabulary import suggest_nearest
from cutover_gates.hospital import Driver, DriverFeatures, MappingError


def create_own_driver(
    name: str,
    base_url: str,
    *,
    client: HttpClient,
    run_tag: str,
    recorder: Recorder,
    settings: Mapping[str, Any],
    source: str,
) -> Driver:
    """Return an instance of the class `name`, checked against the protocol.

    The class is called with `base_url, client=, run_tag=, recorder=, settings=` (the mapping's
    table as it is). Raises `MappingError` with what is missing.
    """
    driver_class = _import_class(name)
    try:
        driver = driver_class(
            base_url, client=client, run_tag=run_tag, recorder=recorder, settings=dict(settings)
        )
    except TypeError as error:
        raise _error(source, name, f"the class cannot be called: {error}") from error
    return _require_driver(driver, name, source)


def _error(source: str, name: str, problem: str) -> MappingError:
    return MappingError(f"{source}: driver = {name!r}: {problem}")


def _import_class(name: str) -> Any:
    module, _, class_name = name.partition(":")
    if not module or not class_name:
        hint = suggest_nearest(name, ["rest", "fhir"])
        raise MappingError(
            f"driver = {name!r}: {hint} A driver of your own is 'package.module:Class'"
        )
    try:
        return getattr(importlib.import_module(module), class_name)
    except ImportError as error:
        raise MappingError(
            f"driver = {name!r}: the module {module!r} cannot be imported: {error}"
        ) from error
    except AttributeError:
        raise MappingError(
            f"driver = {name!r}: the module {module!r} has no {class_name!r}"
        ) from None


def _require_driver(driver: Any, name: str, source: str) -> Driver:
    """Return `driver` where it has every method of the protocol, with parameters of equal names.

    The class is not ours, so its members are looked up by name here, and nowhere else.
    """
    for method, wanted in inspect.getmembers(Driver, inspect.isfunction):
        if method.startswith("_"):
            continue
        own = getattr(driver, method, None)
        if not callable(own):
            raise _error(source, name, f"has no method {method}{inspect.signature(wanted)}")
        _require_parameters(own, wanted, f"{method} takes", name, source)
    if not isinstance(getattr(driver, "features", None), DriverFeatures):
        raise _error(
            source,
            name,
            "has no `features`: derive the class from cutover_gates.hospital.DriverBase",
        )
    checked: Driver = driver
    return checked


def _require_parameters(own: Any, wanted: Any, what: str, name: str, source: str) -> None:
    parameters = inspect.signature(own).parameters
    expected = list(inspect.signature(wanted).parameters)[1:]
    given = list(parameters)
    takes_any = any(parameter.kind.name.startswith("VAR_") for parameter in parameters.values())
    if given[: len(expected)] != expected and not takes_any:
        raise _error(source, name, f"{what} ({', '.join(given)}), expected ({', '.join(expected)})")
