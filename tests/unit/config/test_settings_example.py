"""`cutover.toml` and `docs/settings.md`: every setting is in both, with its default."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cutover_gates.config.base import SECRET_KEYS
from cutover_gates.config.contract import Contract
from cutover_gates.config.migrations import Migrations
from cutover_gates.config.performance import Performance
from cutover_gates.config.previous import Rollout
from cutover_gates.config.target_access import ACCOUNT_ROLES, Limits
from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.config.watch import Watch
from docs.settings_example import complete_example, missing_keys, uncomment_examples
from docs.settings_page import settings_page
from docs.settings_tables import walk_tables
from tests.unit.config.settings_files import Load

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = (ROOT / "cutover.toml").read_text(encoding="utf-8")


def test_the_settings_file_of_this_repository_judges_the_embedded_hospital(load: Load) -> None:
    """The file as it is changes nothing."""
    settings = load(EXAMPLE)
    # What its migrations do, what load it bears, how it is watched and rolled back, what names its release: all in the file.
    said = {
        "migrations": Migrations(),
        "performance": Performance(),
        "contract": Contract(),
        "limits": Limits(),
        "watch": Watch(),
        "rollout": Rollout(),
        "triggers": TriggerSettings(),
        "capabilities": {},
        "not_applicable": {},
    }
    own = settings.targets["embedded"].model_copy(update=said)
    assert (
        settings.model_copy(update={"targets": {"embedded": own}}).model_dump()
        == load().model_dump()
    )


def test_the_examples_of_the_settings_file_can_be_loaded(load: Load) -> None:
    """All examples are in force at once."""
    settings = load(uncomment_examples(EXAMPLE))
    assert settings.target == "staging"
    assert set(settings.targets) == {"embedded", "staging", "production"}
    assert set(settings.targets["staging"].users) == set(ACCOUNT_ROLES)
    assert settings.targets["production"].production


def test_every_key_is_shown_in_the_settings_file() -> None:
    """`python -m docs.generate` adds the missing ones; whoever adds a setting runs that.

    A secret may not stand in the file: its variable is named there.
    """
    missing = {f"{place.heading} {key}" for place, key in missing_keys(EXAMPLE)}
    assert missing == set()
    assert not [name for name in SECRET_KEYS if f"__{name.upper()}" not in EXAMPLE]


def test_a_missing_key_is_added_with_its_description_and_default() -> None:
    """It stands at the end of its table, and all else is left as it is."""
    before = EXAMPLE.replace("#memory_share = 0.9\n", "")
    after = complete_example(before)
    added = [line for line in after.splitlines() if line not in before.splitlines()]
    assert added[-1] == "#memory_share = 0.9"
    assert added[0].startswith("# memory_share: ")
    assert "Default: 0.9." in added[0]
    assert list(missing_keys(after)) == []
    assert complete_example(EXAMPLE) == EXAMPLE


def test_a_missing_table_is_added_with_its_keys() -> None:
    """It stands at the end of the file, below its purpose."""
    before = _without_table("#[targets.staging.limits]")
    after = complete_example(before)
    assert after.startswith(before.rstrip("\n"))
    added = after[len(before.rstrip("\n")) :]
    assert "\n#[targets.staging.limits]\n" in added
    assert list(missing_keys(after)) == []


def test_a_key_without_a_default_to_show_needs_an_example() -> None:
    """The model must give one: nobody can guess the address of a Redis."""
    with pytest.raises(ValueError, match=r"the setting url has no default to show: give it ex"):
        complete_example(_without_table("#[targets.staging.infrastructure.redis]"))


def _without_table(header: str) -> str:
    start = EXAMPLE.index(header)
    return EXAMPLE[:start] + EXAMPLE[EXAMPLE.index("\n\n", start) :]


def test_every_setting_is_explained_with_its_default() -> None:
    """The comment above the first example of each key, or of its table, gives the default."""
    silent = []
    seen: set[str] = set()
    for block in EXAMPLE.split("\n\n"):
        keys = set(re.findall(r"(?m)^#(\w+) =", block)) - seen
        if keys and not re.search(r"Default: |No default", block):
            silent.append(block)
        seen |= keys
    assert seen > set(Limits.model_fields) | {"url", "driver", "username", "dsn_file"}
    assert not silent


def test_the_page_of_settings_is_made_from_the_models() -> None:
    """`python -m docs.generate` writes it; whoever changes a setting runs that."""
    page = settings_page()
    assert (ROOT / "docs/settings.md").read_text(encoding="utf-8") == page


def test_every_setting_has_a_description() -> None:
    """The page shows it."""
    assert not [
        f"{place.heading} {name}"
        for place in walk_tables()
        for name, field in place.model.model_fields.items()
        if not field.description
    ]
