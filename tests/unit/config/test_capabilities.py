"""What a target is declared not to do: `[targets.NAME.capabilities]` and `not_applicable`."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.config.capabilities import CAPABILITIES
from cutover_gates.drivers.rest.vocabulary import OPERATIONS
from cutover_gates.hospital import Role
from cutover_gates.plugin.declared_facts import describe_former_keys, describe_switched_off
from docs import capabilities_page as capabilities_page_module
from tests.unit.config.settings_files import STAGING, Load

WHO = 'reason = "r", by = "Ada Example", at = 2026-11-20'
FACT = f"{{ value = false, {WHO} }}"
TABLES = {
    "capabilities": ("[targets.staging.capabilities]\n", "staging.capabilities"),
    "unsupported": ("[targets.staging.unsupported]\n", "staging.unsupported"),
    "not_applicable": ("[targets.staging.not_applicable]\n", "staging.not_applicable"),
}
REFUSED = {
    "a misspelt capability": ("capabilities", f"refesh = {FACT}", "Did you mean 'refresh'?"),
    "a misspelt name in unsupported": ("unsupported", 'refesh = "r"', "Did you mean 'refresh'?"),
    "an unknown name": ("capabilities", f"zzz = {FACT}", "no capability is called 'zzz'"),
    "a plain text": ("capabilities", 'refresh = "r"', "'value': it must be given"),
    "no value": ("capabilities", f"refresh = {{ {WHO} }}", "'value': it must be given"),
    "nobody": (
        "capabilities",
        'refresh = { value = false, reason = "r", at = 2026-11-20 }',
        "by must be given",
    ),
    "no date": (
        "capabilities",
        'refresh = { value = false, reason = "r", by = "b" }',
        "at must be given",
    ),
    "an empty person": (
        "capabilities",
        'refresh = { value = false, reason = "r", by = " ", at = 2026-11-20 }',
        "name the person who declared it",
    ),
    "an empty reason": (
        "capabilities",
        'refresh = { value = false, reason = " ", by = "b", at = 2026-11-20 }',
        "a reason is needed",
    ),
    "a future date": (
        "capabilities",
        'refresh = { value = false, reason = "r", by = "b", at = 9999-01-01 }',
        "9999-01-01 is in the future in every time zone",
    ),
    "true": (
        "capabilities",
        f"refresh = {{ value = true, {WHO} }}",
        "refresh is declared with the value True: write value = false; where the target has it",
    ),
    "zero": ("capabilities", f"refresh = {{ value = 0, {WHO} }}", "declared with the value 0"),
    "a list": ("capabilities", f"refresh = {{ value = [], {WHO} }}", "write value = false"),
    "a misspelt key": (
        "capabilities",
        f'refresh = {{ value = false, {WHO}, reson = "x" }}',
        "unknown key. Did you mean 'reason'?",
    ),
    "an item of nobody": ("not_applicable", 'dns-records = { reason = "r" }', "by and at must be"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_declaration_is_one_sentence(load: Load, case: str) -> None:
    """It names the table, what is wrong, and what to write."""
    table, line, says = REFUSED[case]
    header, section = TABLES[table]
    with pytest.raises(SettingsError) as refusal:
        load(f"{STAGING}{header}{line}\n")
    assert says in str(refusal.value)
    assert section in str(refusal.value)


def test_every_operation_and_account_can_be_declared() -> None:
    """The list of capabilities stands in `config`, which knows no driver."""
    accounts = {f"account-{role.value}" for role in Role}
    assert set(CAPABILITIES) > {*OPERATIONS, *accounts, "reported_release"}


def test_what_is_absent_comes_from_both_places(load: Load) -> None:
    """`capabilities` goes over `unsupported`, which is read for one version more."""
    settings = load(
        f"{STAGING}[targets.staging.capabilities]\nrefresh = {FACT}\n"
        '[targets.staging.unsupported]\nrefresh = "old"\ndatabase = "old"\n'
        '[targets.staging.not_applicable]\ndns-records = "old"\n',
        target="staging",
    )
    assert settings.chosen_target.absent_capabilities == {"refresh": "r", "database": "old"}
    former = describe_former_keys(settings)
    assert "unsupported] declares refresh, database" in former[0]
    assert "not_applicable] declares dns-records" in former[1]


def test_the_environment_may_declare(load: Load) -> None:
    """Its values are texts."""
    name = "CUTOVER_TARGETS__STAGING__CAPABILITIES__REFRESH__"
    given = {"VALUE": "false", "REASON": "r", "BY": "Ada Example", "AT": "2026-11-20"}
    settings = load(
        STAGING, {f"{name}{key}": text for key, text in given.items()}, target="staging"
    )
    assert settings.chosen_target.absent_capabilities == {"refresh": "r"}
    assert describe_former_keys(settings) == []


def test_the_page_of_capabilities_is_made_from_the_list() -> None:
    """`python -m docs.generate` writes it; whoever adds a capability runs that."""
    page = Path(capabilities_page_module.__file__).with_name("capabilities.md")
    assert page.read_text(encoding="utf-8") == capabilities_page_module.capabilities_page()


def test_the_mapping_check_says_what_is_switched_off(load: Load) -> None:
    """For each declaration of the target, with its reason."""
    settings = load(
        f"{STAGING}[targets.staging.capabilities]\nrefresh = {FACT}\n", target="staging"
    )
    (line,) = describe_switched_off(settings)
    assert line == f"refresh: {CAPABILITIES['refresh'].absence}. Declared: r"
