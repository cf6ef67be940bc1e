"""What a target is declared not to do: `[targets.NAME.capabilities]` and `not_applicable`."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.config.capabilities import CAPABILITIES
from cutover_gates.config.functional_capabilities import FUNCTIONAL_CAPABILITIES
from cutover_gates.config.loose_limits import find_loose_limits
from cutover_gates.drivers.rest.vocabulary import OPERATIONS
from cutover_gates.hospital import Role
from cutover_gates.hospital.matchers import SECURITY_HEADERS
from cutover_gates.hospital.matchers.capability_checks import EMPTY_LISTS
from cutover_gates.plugin.declared_facts import (
    describe_former_keys,
    describe_otherwise,
    describe_switched_off,
)
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
    "a text for a number": (
        "capabilities",
        f'name-length = {{ value = "long", {WHO} }}',
        "name-length is declared with the value 'long': write value = false, or a whole number",
    ),
    "a number below 1": (
        "capabilities",
        f"name-length = {{ value = -5, {WHO} }}",
        "name-length is -5: write a number above 0",
    ),
    "an empty list": (
        "capabilities",
        f"security-headers = {{ value = [], {WHO} }}",
        "write value = false, or a list of texts",
    ),
    "an unknown header": (
        "capabilities",
        f'security-headers = {{ value = ["x-frame-option"], {WHO} }}',
        "security-headers knows no 'x-frame-option'. Did you mean 'x-frame-options'?",
    ),
    "a list of numbers": (
        "capabilities",
        f"file-types = {{ value = [1], {WHO} }}",
        "write value = false, or the value that the capability takes",
    ),
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


LIMITS = {
    "size-limit": ("document_bytes", "1000", 1000),
    "file-types": ("document_types", '["image/png"]', ("image/png",)),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_declared_limit_stands_in_one_place(load: Load, name: str) -> None:
    """Whoever reads `limits` has it, and what tells that a limit is smaller, too."""
    key, text, value = LIMITS[name]
    settings = load(
        f"{STAGING}[targets.staging.capabilities]\n{name} = {{ value = {text}, {WHO} }}\n",
        target="staging",
    )
    assert getattr(settings.chosen_target.limits, key) == value
    assert settings.chosen_target.absent_capabilities == {}
    loose = [limit.key for limit in find_loose_limits(settings.chosen_target)]
    assert loose == (["limits.document_bytes"] if name == "size-limit" else [])


@pytest.mark.parametrize("value", ["false", "5"])
@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("size-limit", "document_bytes = 5"),
        ("file-types", 'document_types = ["a/b"]'),
        ("sign-in-throttling", "sign_in_failures = 3"),
    ],
)
def test_two_places_of_one_limit_contradict(load: Load, name: str, limit: str, value: str) -> None:
    key = limit.partition(" ")[0]
    with pytest.raises(SettingsError, match="speak of the same limit") as refusal:
        load(
            f"{STAGING}[targets.staging.limits]\n{limit}\n"
            f"[targets.staging.capabilities]\n{name} = {{ value = {value}, {WHO} }}\n"
        )
    assert f"limits.{key} and capabilities.{name}" in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("NAME-LENGTH", "120", 120),
        (
            "SECURITY-HEADERS",
            "x-frame-options, referrer-policy",
            ("x-frame-options", "referrer-policy"),
        ),
        ("FILE-TYPES", "image/png,text/plain", ("image/png", "text/plain")),
    ],
)
def test_the_environment_may_declare_a_value(
    load: Load, name: str, text: str, value: object
) -> None:
    given = {"VALUE": text, "REASON": "r", "BY": "Ada Example", "AT": "2026-11-20"}
    variables = {
        f"CUTOVER_TARGETS__STAGING__CAPABILITIES__{name}__{key}": each
        for key, each in given.items()
    }
    settings = load(STAGING, variables, target="staging")
    assert settings.chosen_target.capabilities[name.lower()].value == value


def test_the_headers_that_may_be_declared_are_those_that_are_looked_for() -> None:
    assert CAPABILITIES["security-headers"].choices == tuple(SECURITY_HEADERS)


def test_every_rule_that_may_be_absent_is_tried_by_a_check() -> None:
    """Else its declaration would excuse nothing, and a rule that is kept would not be told."""
    suites = Path(capabilities_page_module.__file__).parents[1] / "smoke"
    written = "".join(path.read_text(encoding="utf-8") for path in suites.glob("*.py"))
    names = {capability.name for capability in FUNCTIONAL_CAPABILITIES} - {EMPTY_LISTS}
    assert {name for name in names if f'"{name}"' not in written} == set()
    assert ".require_closed(" in written


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


def test_the_mapping_check_says_what_is_proven_all_the_same(load: Load) -> None:
    settings = load(
        f"{STAGING}[targets.staging.capabilities]\nversions = {FACT}\n"
        f"name-length = {{ value = 100, {WHO} }}\n",
        target="staging",
    )
    (line,) = describe_switched_off(settings)
    assert f"Proven all the same: {CAPABILITIES['versions'].proven}." in line
    (other,) = describe_otherwise(settings)
    assert other == f"name-length = 100: {CAPABILITIES['name-length'].meaning}. Declared: r"
