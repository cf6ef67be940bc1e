"""The mark `production` is raised from outside, and never lowered."""

from __future__ import annotations

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.util.addresses import normalize_address
from tests.unit.config.settings_files import STAGING, Load

MAIN = '[targets.main]\nurl = "https://hospital.example"\nproduction = true\n'
VARIABLE = "CUTOVER_TARGETS__MAIN__PRODUCTION"


@pytest.mark.parametrize("text", ["false", "0", "no", "off", "False"])
def test_the_environment_cannot_lower_it(load: Load, text: str) -> None:
    with pytest.raises(
        SettingsError, match=f"nothing outside of the file may lower it.*{VARIABLE}"
    ):
        load(MAIN, {VARIABLE: text})


def test_no_whole_table_of_the_environment_lowers_it(load: Load) -> None:
    table = '{"main": {"production": false}}'
    with pytest.raises(SettingsError, match="may lower it"):
        load(MAIN, {"CUTOVER_TARGETS": table})


def test_the_environment_and_the_command_line_raise_it(load: Load) -> None:
    staging = {"CUTOVER_TARGETS__STAGING__PRODUCTION": "true"}
    assert load(STAGING, staging).targets["staging"].production
    raised = load(STAGING, target="staging", production=True)
    assert raised.chosen_target.production
    assert raised.chosen_target.users["registrar"].username == "r"
    assert load(MAIN, target="main", production=True).chosen_target.production


def test_what_production_forbids_is_refused_where_it_is_raised(load: Load) -> None:
    """The embedded hospital is never production, and a deep run never goes there."""
    with pytest.raises(SettingsError, match="never production"):
        load("", production=True)
    deep = STAGING + "[targets.staging.contract]\nmode = 'deep'\nthrowaway = true\n"
    with pytest.raises(SettingsError, match="production never gets the deep mode"):
        load(deep, target="staging", production=True)


def test_an_unknown_target_is_told_where_it_is_raised(load: Load) -> None:
    with pytest.raises(SettingsError, match="'stagign' is not declared"):
        load(STAGING, target="stagign", production=True)


ONE_ADDRESS = [
    "https://hospital.example",
    "https://hospital.example/",
    "https://HOSPITAL.example",
    "HTTPS://hospital.example:443",
    "https://hospital.example.:443/",
    "http://hospital.example",
    "http://hospital.example:80//",
    "https://hospital.example/./x/..",
    "https://hospital.example/%2e",
    "https://hospital.example/staging",
    "https://hospital.example/api/v2",
]


@pytest.mark.parametrize("url", ONE_ADDRESS)
def test_two_targets_of_one_address_agree_on_it(load: Load, url: str) -> None:
    """Otherwise what must never be sent to production is sent there under another name."""
    twin = f'{MAIN}[targets.twin]\nurl = "{url}"\n'
    with pytest.raises(SettingsError, match="'twin' and 'main' have one address"):
        load(twin)
    assert load(f"{twin}production = true\n").targets["twin"].production


def test_a_variable_makes_no_second_target_of_productions_address(load: Load) -> None:
    with pytest.raises(SettingsError, match="'x' and 'main' have one address"):
        load(MAIN, {"CUTOVER_TARGETS__X__URL": "https://hospital.example"})
    with pytest.raises(SettingsError, match="'staging' and 'main' have one address"):
        load(MAIN + STAGING, {"CUTOVER_TARGETS__STAGING__URL": "https://hospital.example"})


def test_a_backend_of_production_is_production(load: Load) -> None:
    """A backend behind its load balancer is asked about the same patients."""
    backends = '[targets.main.infrastructure.balancer]\nbackends = ["http://10.0.0.11:8080"]\n'
    with pytest.raises(SettingsError, match="'x' and 'main' have one address"):
        load(MAIN + backends + '[targets.x]\nurl = "http://10.0.0.11:8080"\n')


OTHERS = [
    "https://staging.hospital.example",
    "https://hospital.example:8443",
    "https://10.0.0.1",
]


@pytest.mark.parametrize("url", OTHERS)
def test_another_address_is_another_target(load: Load, url: str) -> None:
    load(f'{MAIN}[targets.twin]\nurl = "{url}"\n')


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://127.0.0.1:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "http://[::1]:8000/"),
        ("http://127.1:8000", "http://127.0.0.1:8000"),
        ("http://0x7f.1:8000", "http://127.0.0.1:8000"),
        ("http://167772161", "http://10.0.0.1"),
        ("http://[::ffff:10.0.0.1]", "http://10.0.0.1"),
        ("http://[2001:db8:0:0:0:0:0:1]", "http://[2001:DB8::1]/"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://u:p@h.example/a?b#c", "https://h.example/a"),
        ("https://h.example/a/../b", "https://h.example/b/"),
    ],
)
def test_an_address_has_one_form(one: str, other: str) -> None:
    assert normalize_address(one) == normalize_address(other)
