"""The digest of the settings: it changes with every setting but secrets."""

from __future__ import annotations

import re
from pathlib import Path

from cutover_gates.config.base import SECRET_KEYS
from cutover_gates.config.settings import Settings
from cutover_gates.config.settings_digest import compute_settings_digest as digest
from tests.unit.config.other_values import OtherValue, find_other_values, secret_variables
from tests.unit.config.settings_files import PASSWORD, STAGING, Load

CHANNEL = "CUTOVER_TARGETS__STAGING__MONITORING__CHANNELS__CHANNEL__APPRISE_URL"
SECRETS = "CUTOVER_TARGETS__STAGING__SECRETS"
OWN_TABLES = {CHANNEL: {f"{CHANNEL}_FILE": "f"}}
"""Variables without which the table of a secret would not be there, by the secret's."""


def test_the_digest_does_not_know_secrets(load: Load) -> None:
    """A rotated password is no other setting, nor is one that was not given before."""
    names = [*secret_variables(), PASSWORD]
    assert len(names) >= 8
    texts = dict.fromkeys(names, "one") | {SECRETS: '{"api_key": "one"}'}
    plain = digest(load(STAGING))
    for name, text in texts.items():
        # The name of a channel or an account is a setting, also where only its secret is given.
        table = OWN_TABLES.get(name, {})
        unchanged = digest(load(STAGING, table)) if table else plain
        assert digest(load(STAGING, {**table, name: text})) == unchanged, name


def test_every_secret_is_known_by_its_key() -> None:
    """The file may give none of them, at any depth."""
    assert {name.rpartition("__")[2].lower() for name in secret_variables()} == SECRET_KEYS


def test_the_digest_changes_with_every_other_setting(load: Load) -> None:
    """Each of them alone, and each in its own way."""

    def read(value: OtherValue) -> Settings:
        return load(STAGING, {**value.companions, value.variable: value.text})

    digests = [digest(load(STAGING))]
    values = list(find_other_values(lambda environment: load(STAGING, dict(environment))))
    digests += [digest(read(value)) for value in values]
    assert len(set(digests)) == len(digests) == len(values) + 1


def test_the_digest_changes_with_the_files_that_settings_name(tmp_path: Path, load: Load) -> None:
    """A run with another mapping or plan asks something else of the target."""
    file = STAGING.replace(
        "url =",
        'mapping = "m.toml"\ncontract = { document = "d.json", previous_document = "p.json"'
        " }\nurl =",
    )
    digests = [digest(load(file))]
    for name in ("m.toml", "plan.toml", "d.json", "p.json"):
        for text in ("a = 1", "a = 2"):
            (tmp_path / name).write_text(text)
            digests.append(digest(load(file)))
    assert len(set(digests)) == len(digests)


def test_the_same_settings_have_the_same_digest(load: Load) -> None:
    """Their order and their source do not matter."""
    environment = {"CUTOVER_TARGETS__STAGING__RELEASE": "2"}
    assert digest(load(STAGING, environment)) == digest(
        load(STAGING.replace("url =", 'release = "2"\nurl ='))
    )
    assert re.fullmatch(r"[0-9a-f]{64}", digest(load()))


FILES = """
[targets.staging.migrations]
locations = ["scripts", "more"]
expected_catalog = "catalog.json"
[targets.staging.infrastructure.tls]
ca_file = "ca.pem"
[targets.staging.contract]
accepted = "accepted.toml"
"""


def test_the_digest_changes_with_every_file_of_a_folder(tmp_path: Path, load: Load) -> None:
    """Also with a new script, a renamed one, and one that goes."""
    digests = [digest(load(STAGING + FILES))]
    scripts = tmp_path / "scripts" / "deep"
    scripts.mkdir(parents=True)
    for change in (
        lambda: (scripts / "V1.sql").write_text("SELECT 1"),
        lambda: (scripts / "V1.sql").write_text("SELECT 2"),
        lambda: (scripts / "V2.sql").write_text("SELECT 2"),
        lambda: (scripts / "V1.sql").unlink(),
        lambda: (scripts / "V2.sql").rename(scripts / "V3.sql"),
        lambda: (tmp_path / "catalog.json").write_text("{}"),
        lambda: (tmp_path / "ca.pem").write_text("a"),
        lambda: (tmp_path / "accepted.toml").write_text("a"),
    ):
        change()
        digests.append(digest(load(STAGING + FILES)))
    assert len(set(digests)) == len(digests)


EVIDENCE = """
[targets.staging.users.registrar]
username = "r"
password_file = "password"
[targets.staging.infrastructure.pipeline]
file = "pipeline.json"
[targets.staging.infrastructure.cluster]
token_file = "token"
[targets.staging.monitoring.logs]
kind = "file"
path = "hospital.log"
"""


def test_the_digest_does_not_know_what_is_looked_at_or_secret(tmp_path: Path, load: Load) -> None:
    """A log, the pipeline's result, a token: new for each run, and no part of the question."""
    file = '[targets.staging]\nurl = "https://staging.example"\n' + EVIDENCE
    before = digest(load(file))
    for name in ("password", "pipeline.json", "token", "hospital.log", "waivers.toml"):
        (tmp_path / name).write_text("something else", encoding="utf-8")
        assert digest(load(file)) == before, name
