"""Rules of choosing a driver: `rest`, or a class of the user's own, and each mistake with it taught
in one sentence.
"""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.factory import connect
from cutover_gates.drivers.rest.rest_driver import RestDriver
from cutover_gates.hospital import Driver, MappingError


class Own(RestDriver):
    """A driver of the user's own."""

    def __init__(
        self,
        base_url: str,
        *,
        client: Any,
        run_tag: str,
        recorder: Recorder,
        settings: dict[str, Any],
    ) -> None:
        from cutover_gates.drivers.rest.mapping import load_mapping

        super().__init__(base_url, load_mapping(), client, run_tag=run_tag, recorder=recorder)
        self.settings = settings


class Lacking:
    """No driver at all."""

    def __init__(self, base_url: str, **_: Any) -> None: ...


class Misnamed(Own):
    def patient(self, session: Any, number: str) -> Any:
        return session, number


@pytest.fixture(autouse=True)
def own_module(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("own_drivers")
    module.__dict__.update(Own=Own, Lacking=Lacking, Misnamed=Misnamed)
    monkeypatch.setitem(sys.modules, "own_drivers", module)


def made(driver: str, **options: Any) -> Driver:
    return connect(
        "http://127.0.0.1:1", recorder=Recorder(), run_tag="run-1", driver=driver, **options
    )


def test_the_default_driver_is_rest() -> None:
    """With the default dialect."""
    hospital = made("rest")
    assert isinstance(hospital, RestDriver)
    assert hospital.mapping.is_default


def test_a_class_of_the_users_own_is_given_its_settings() -> None:
    """The mapping's table as it is."""
    hospital = made("own_drivers:Own", mapping={"anything": 1})
    assert isinstance(hospital, Own)
    assert hospital.settings == {"anything": 1}


@pytest.mark.parametrize(
    ("driver", "sentence"),
    [
        ("soap", "A driver of your own is 'package.module:Class'"),
        ("rset", "did you mean 'rest'?"),
        ("no_such_module:Own", "the module 'no_such_module' cannot be imported"),
        ("own_drivers:Owm", "the module 'own_drivers' has no 'Owm'"),
        ("own_drivers:Lacking", "has no method attempt("),
        ("own_drivers:Misnamed", "patient takes (session, number), expected (session, patient_id)"),
    ],
)
def test_a_mistake_with_the_driver_is_taught(driver: str, sentence: str) -> None:
    """One sentence, no traceback of ours."""
    with pytest.raises(MappingError) as told:
        made(driver)
    assert sentence in str(told.value)
    assert "\n" not in str(told.value)
