"""The table of roles in the settings: what it says, and each mistake in one sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.config.left_out_settings import find_left_out
from cutover_gates.config.roles import ROLE_OPERATIONS
from tests.faults.access.staff_tables import OVERLAP, OWN_ROLES, SPLIT
from tests.unit.config.settings_files import Load

PAGE = Path(__file__).resolve().parents[3] / "docs/your-hospital.md"
TARGET = '[targets.tried]\nurl = "https://x.example"\n'
USERS = "\n".join(
    f'[targets.tried.users.{name}]\nusername = "user-{name}"'
    for name in ("nurse", "read-only", "outsider")
)
NURSE = '[targets.tried.roles.nurse]\nmay = ["patient"]\nmay_not = ["*"]\n'
READER = '[targets.tried.roles.read-only]\nmay_not = ["register", "document"]\n'
FACT = 'role-separation = { value = VALUE, reason = "r", by = "b", at = 2026-11-20 }'
CAPABILITIES = f"\n[targets.tried.capabilities]\n{FACT}\n"
EVERYTHING = (
    '[targets.tried.roles.nurse]\nmay = ["*"]\n[targets.tried.roles.read-only]\nmay = ["*"]\n'
)
CHANGES = (
    '[targets.tried.roles.nurse]\nmay = ["*"]\n'
    '[targets.tried.roles.read-only]\nmay_not = ["register"]\n'
)
STAFF = "\n".join(
    f'[targets.tried.users.{name}]\nusername = "{name}"'
    for name in ("registrar", "clinician", "auditor", "administrator", "outsider")
)


def test_the_rest_is_what_the_other_list_does_not_name(load: Load) -> None:
    nurse = load(f"{TARGET}{USERS}\n{NURSE}{READER}").targets["tried"].roles["nurse"]
    assert nurse.allowed == ("patient",)
    assert nurse.refused == tuple(name for name in ROLE_OPERATIONS if name != "patient")
    assert nurse.unlisted == ()


def test_a_variable_gives_the_password_of_any_account(load: Load) -> None:
    """A variable's name has no hyphen, so READ_ONLY also means read-only."""
    variables = {
        f"CUTOVER_TARGETS__TRIED__USERS__{name}__PASSWORD": f"secret of {name}"
        for name in ("NURSE", "READ_ONLY")
    }
    users = load(f"{TARGET}{USERS}\n{NURSE}{READER}", variables).targets["tried"].users
    passwords = {name: one.password for name, one in users.items() if one.password}
    assert {name: one.get_secret_value() for name, one in passwords.items()} == {
        "nurse": "secret of NURSE",
        "read-only": "secret of READ_ONLY",
    }


@pytest.mark.parametrize("table", [OVERLAP, SPLIT], ids=["overlap", "split"])
def test_roles_that_share_accounts_or_work_are_read(load: Load, table: str) -> None:
    assert load(f"{TARGET}{STAFF}\n{table}").targets["tried"].roles


MISTAKES = {
    "an unknown operation": (NURSE + READER.replace("register", "registr"), "'register'"),
    "an operation twice": (
        NURSE.replace('may_not = ["*"]', 'may_not = ["patient"]') + READER,
        "patient stands in may and in may_not",
    ),
    "the rest twice": (NURSE.replace('["patient"]', '["*"]') + READER, "* stands in may"),
    "a role that lists nothing": (
        NURSE + "[targets.tried.roles.read-only]\n",
        "the role lists nothing",
    ),
    "a role that is called as the outsider": (
        NURSE + READER + '[targets.tried.roles.outsider]\nmay = ["patient"]\n',
        "people who have none here",
    ),
    "a role with the outsider's account": (
        NURSE.replace("may =", 'account = "outsider"\nmay =') + READER,
        "people who have none here",
    ),
    "rights for strangers": (
        NURSE + READER + '[targets.tried.roles.anybody]\nmay = ["patient"]\n',
        "people who have none here",
    ),
    "an account that is not given": (
        NURSE + READER + '[targets.tried.roles.doctor]\nmay = ["patient"]\n',
        "users has none of that name",
    ),
    "a row of contract for nobody": (
        NURSE + READER + '[targets.tried.contract.roles]\nnurze = ["GET /a"]\n',
        "Did you mean 'nurse'?",
    ),
    "no role is refused anything": (EVERYTHING, "nothing proves that rights are checked"),
    "no role is refused a look": (CHANGES, "why every role may read everything"),
    "declared absent, and refused all the same": (
        NURSE + READER + CAPABILITIES.replace("VALUE", "false"),
        "remove the line",
    ),
    "declared as changes, and a look is refused": (
        NURSE + READER + CAPABILITIES.replace("VALUE", '"changes"'),
        "remove the line",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_sentence(load: Load, name: str) -> None:
    table, says = MISTAKES[name]
    with pytest.raises(SettingsError) as error:
        load(f"{TARGET}{USERS}\n{table}")
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("table", "value"), [(EVERYTHING, "false"), (CHANGES, '"changes"')], ids=["all", "looks"]
)
def test_a_hollow_table_is_read_with_a_declared_reason(load: Load, table: str, value: str) -> None:
    facts = CAPABILITIES.replace("VALUE", value)
    assert load(f"{TARGET}{USERS}\n{table}{facts}").targets["tried"].roles


def test_separation_is_declared_only_beside_a_table(load: Load) -> None:
    with pytest.raises(SettingsError, match="there is no table of roles"):
        load(f"{TARGET}{CAPABILITIES.replace('VALUE', 'false')}")


def test_an_account_that_signs_in_as_the_outsider_is_refused(load: Load) -> None:
    users = USERS.replace("user-nurse", "User-Outsider")
    with pytest.raises(SettingsError, match="an outsider has no rights here"):
        load(f"{TARGET}{users}\n{NURSE}{READER}")


def test_one_account_cannot_be_refused_what_another_role_of_it_may(load: Load) -> None:
    with pytest.raises(SettingsError, match="which may do visit, visits_of as cashier"):
        load(f"{TARGET}{STAFF}\n{OWN_ROLES}")


@pytest.mark.parametrize("variable", ["NURZE", "REGISTRAR"])
def test_an_account_that_no_role_has_is_refused(load: Load, variable: str) -> None:
    variables = {f"CUTOVER_TARGETS__TRIED__USERS__{variable}__PASSWORD": "x"}
    with pytest.raises(SettingsError, match="no role has the account") as error:
        load(f"{TARGET}{USERS}\n{NURSE}{READER}", variables)
    assert "Allowed: nurse, read-only, outsider" in str(error.value)


def test_what_a_role_lists_nowhere_counts_as_left_out(load: Load) -> None:
    """An operation of the document counts, too, where another role lists it."""
    table = NURSE.replace('"patient"', '"patient", "GET /audit"') + READER
    left_out = find_left_out(load(f"{TARGET}{USERS}\n{table}").targets["tried"])
    missing = ", ".join(name for name in ROLE_OPERATIONS if name not in ("register", "document"))
    assert [(one.name, one.suite) for one in left_out] == [
        ("roles.read-only without GET /audit", "contract"),
        (f"roles.read-only without {missing}", "smoke"),
    ]


def test_the_table_of_the_page_can_be_loaded(load: Load) -> None:
    """`docs/your-hospital.md` shows one for the accounts of its steps."""
    (table,) = re.findall(r"```TOML\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    staff = STAFF.replace("targets.tried", "targets.mine")
    settings = load(f"{TARGET.replace('tried', 'mine')}{staff}\n{table}")
    assert len(settings.targets["mine"].roles) == 5


def test_the_shipped_table_leaves_nothing_out(load: Load) -> None:
    assert not find_left_out(load(f"{TARGET}{STAFF}").targets["tried"])
