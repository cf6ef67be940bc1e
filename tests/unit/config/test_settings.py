"""Settings: one order of precedence, one sentence for each mistake, and no secret where it can be
read.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from cutover_gates.config.base import SECRET_KEYS, SettingsError
from cutover_gates.config.container import Container
from cutover_gates.config.contract import Contract
from cutover_gates.config.deployment import ClusterSettings, PipelineSettings, RegistrySettings
from cutover_gates.config.fhir import Fhir
from cutover_gates.config.infrastructure import Infrastructure
from cutover_gates.config.load_balancer import LoadBalancerSettings
from cutover_gates.config.load_objectives import (
    BaselineSettings,
    JourneySettings,
    LatencyLimits,
    LatencyObjectives,
)
from cutover_gates.config.loader import load_settings
from cutover_gates.config.logs_and_dashboards import ChannelSettings, DashboardSettings, LogSettings
from cutover_gates.config.migrations import ImpliedReference, Migrations, TableChange
from cutover_gates.config.monitoring import AlertSettings, MetricSettings, Monitoring
from cutover_gates.config.network import DnsSettings, TlsSettings
from cutover_gates.config.performance import Performance
from cutover_gates.config.redis import RedisSettings
from cutover_gates.config.rehearsal import BackupSettings, RehearsalSettings, ScratchSettings
from cutover_gates.config.resources import PodMetricsSettings, PoolMetricNames, ResourceSettings
from cutover_gates.config.settings import Settings
from cutover_gates.config.target import Target
from cutover_gates.config.target_access import ACCOUNT_ROLES, DatabaseSettings, Limits, UserAccount
from cutover_gates.targets.running_target import describe_remote
from docs.generate import settings_page

ROOT = Path(__file__).resolve().parents[3]
SECRET = "correct-horse-battery"

STAGING = """
[targets.staging]
url = "https://staging.example"
[targets.staging.users.registrar]
username = "r"
"""
PASSWORD = "CUTOVER_TARGETS__STAGING__USERS__REGISTRAR__PASSWORD"

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """`load(toml, {variable: value}, target=…)`: settings of a folder with this file, in an
    environment with these variables only.
    """

    def load(
        toml: str = "", environment: dict[str, str] | None = None, **command_line: str | None
    ) -> Settings:
        for name in [name for name in os.environ if name.upper().startswith("CUTOVER_")]:
            monkeypatch.delenv(name)
        for name, value in (environment or {}).items():
            monkeypatch.setenv(name, value)
        (tmp_path / "cutover.toml").write_text(toml, encoding="utf-8")
        return load_settings(None, tmp_path, **command_line)

    return load


def refusal(load: Load, *given: Any, **command_line: str) -> str:
    """What is said of a mistake."""
    with pytest.raises(SettingsError) as error:
        _ = load(*given, **command_line).chosen_target
    return str(error.value)


# ── which target ──


def test_containers_is_the_embedded_hospital_with_its_scratch_databases_in_docker(
    load: Load,
) -> None:
    """Without a word about it in the file; what is declared of the embedded one's migration holds
    for it, too.
    """
    chosen = load(
        '[targets.embedded.migrations]\nkey_tables = ["patients"]', target="containers"
    ).chosen_target
    assert (chosen.kind, chosen.migrations.scratch.kind, chosen.migrations.key_tables) == (
        "embedded",
        "container",
        ("patients",),
    )


# ── precedence ──


def test_no_configuration_at_all_means_the_embedded_target(tmp_path: Path, load: Load) -> None:
    """Whoever clones the repository can run a gate at once."""
    load()
    (tmp_path / "cutover.toml").unlink()
    settings = load_settings(None, tmp_path)
    assert (settings.target, settings.chosen_target.kind, settings.chosen_target.release) == (
        "embedded",
        "embedded",
        "2.0.0",
    )


def test_the_command_line_goes_over_the_environment_and_that_over_the_file(load: Load) -> None:
    """Each where the one above is silent."""
    file, environment = (
        f'target = "staging"\nrelease = "1"\n{STAGING}',
        {"CUTOVER_RELEASE": "2", "CUTOVER_TARGET": "embedded"},
    )
    assert (load(file).target, load(file).release) == ("staging", "1")
    assert (load(file, environment).target, load(file, environment).release) == ("embedded", "2")
    settings = load(file, environment, target="staging", release="3")
    assert (settings.target, settings.release) == ("staging", "3")
    assert load(file, environment, target=None, release=None).release == "2"


def test_a_variable_changes_its_key_and_leaves_the_others_of_its_table(load: Load) -> None:
    """However deep it stands, and in either case of letters."""
    environment = {
        "CUTOVER_TARGETS__STAGING__RELEASE": "2",
        "cutover_targets__staging__driver": "a:B",
        "CUTOVER_TARGETS__STAGING__LIMITS__CHECK_SECONDS": "7.5",
        "CUTOVER_TARGETS__STAGING__LIMITS__DOCUMENT_TYPES": '["a/b"]',
    }
    target = load(STAGING + "[targets.staging.limits]\nrequest_seconds = 4\n", environment).targets[
        "staging"
    ]
    assert (target.url, target.release, target.driver, target.users["registrar"].username) == (
        "https://staging.example",
        "2",
        "a:B",
        "r",
    )
    assert (
        target.limits.check_seconds,
        target.limits.request_seconds,
        target.limits.document_types,
    ) == (7.5, 4, ("a/b",))


def test_a_target_may_come_from_the_environment_alone(load: Load) -> None:
    """As a pipeline gives it.

    Variables that are empty, as those of secrets that it has not got, count as none.
    """
    environment = {
        "CUTOVER_TARGETS__STAGING__URL": "https://a.example",
        "CUTOVER_TARGETS__STAGING__EXPIRED_TOKEN": "",
        "CUTOVER_RELEASE": "",
    }
    settings = load("", environment, target="staging")
    assert (settings.chosen_target.url, settings.chosen_target.expired_token, settings.release) == (
        "https://a.example",
        None,
        None,
    )


def test_a_word_about_the_embedded_target_leaves_it_embedded(load: Load) -> None:
    """`[targets.embedded]` with a limit is still the embedded hospital."""
    chosen = load("[targets.embedded.limits]\ncheck_seconds = 9").chosen_target
    assert (chosen.kind, chosen.release, chosen.limits.check_seconds) == ("embedded", "2.0.0", 9)


def test_paths_are_seen_from_the_folder_of_the_settings_file(
    tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From whatever directory pytest is called, and also when that changes later."""
    load()
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/mine.toml").write_text('plan = "night.toml"')
    monkeypatch.chdir(tmp_path)
    settings = load_settings(Path("conf/mine.toml"), Path("/elsewhere"))
    assert settings.resolve_path(settings.plan) == tmp_path / "conf/night.toml"
    assert settings.resolve_path(settings.reports) == tmp_path / "conf/reports/runs"


# ── mistakes ──

HERE = "cutover.toml or environment"
LOCAL = '[targets.x]\nurl = "https://a.example"\n'
LIMITS = LOCAL + "[targets.x.limits]\n"


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("x = [", "cutover.toml is not valid TOML"),
        (
            'targt = "a"',
            (
                f"{HERE}, key 'targt': unknown key. Did you mean 'target'? Allowed: target,"
                " release, plan, waivers, signoffs, reports, targets"
            ),
        ),
        ("[limits]\na = 1", f"{HERE}, key 'limits': unknown key."),
        ("target = 5", f"{HERE}, key 'target': Input should be a valid string (given: 5)"),
        ("targets = 5", f"{HERE}, key 'targets': a table is needed here"),
        ("[targets]\nx = 5", f"{HERE}, section [targets], key 'x': a table is needed here"),
        (
            LOCAL + 'urll = "b"',
            (
                f"{HERE}, section [targets.x], key 'urll': unknown key. Did you mean 'url'?"
                " Allowed: kind, url"
            ),
        ),
        (
            LOCAL + 'kind = "remot"',
            (
                f"{HERE}, section [targets.x], key 'kind': Input should be 'embedded', 'remote' or"
                " 'containers' (given: 'remot'). Did you mean 'remote'?"
            ),
        ),
        (
            LOCAL + "production = 7",
            f"{HERE}, section [targets.x], key 'production': Input should be a valid boolean",
        ),
        (
            LIMITS + "document_bytes = 0",
            (
                f"{HERE}, section [targets.x.limits], key 'document_bytes': Input should be greater"
                " than 0 (given: 0)"
            ),
        ),
        (
            LIMITS + "document_types = []",
            (
                f"{HERE}, section [targets.x.limits], key 'document_types': Tuple should have at"
                " least 1 item"
            ),
        ),
        (
            LIMITS + "check_seconds = inf",
            "key 'check_seconds': Input should be a finite number (given: inf)",
        ),
        (LIMITS + "check_seconds = nan", "key 'check_seconds': Input should be"),
        (
            LIMITS + "chek_seconds = 1",
            (
                "key 'chek_seconds': unknown key. Did you mean 'check_seconds'? Allowed:"
                " document_bytes"
            ),
        ),
        (
            LOCAL + "[targets.x.database]\nrow = 1",
            (
                "section [targets.x.database], key 'row': unknown key. Did you mean 'rows'?"
                " Allowed: dsn"
            ),
        ),
        (
            LOCAL + '[targets.x.users.registar]\nusername = "r"',
            (
                "section [targets.x.users], key 'registar': Input should be 'registrar',"
                " 'clinician', 'auditor', 'administrator' or 'outsider' (given: 'registar'). Did"
                " you mean 'registrar'?"
            ),
        ),
        (
            LOCAL + "[targets.x.users.registrar]",
            f"{HERE}, section [targets.x.users.registrar], key 'username': it must be given",
        ),
        (
            LOCAL + '[targets.x.users.registrar]\nusername = ""',
            "key 'username': String should have at least 1 character (given: '')",
        ),
        (
            LOCAL + '[targets.x.users.registrar]\nusername = "r"\nnmae = 1',
            "section [targets.x.users.registrar], key 'nmae': unknown key.",
        ),
        (
            LOCAL + '[targets.x.not_applicable]\nredis-cluster = " "',
            f"{HERE}, section [targets.x.not_applicable]: redis-cluster needs a reason",
        ),
        (
            LOCAL + '[targets.x.unsupported]\nrefresh = ""',
            f"{HERE}, section [targets.x.unsupported]: refresh needs a reason",
        ),
        (
            LOCAL + 'mapping = "a"\nrest = {}',
            f"{HERE}, section [targets.x]: give mapping (a file) or rest (a table), not both",
        ),
        (
            "[targets.x]",
            (
                f"{HERE}, section [targets.x]: a remote target needs url, such as"
                ' "https://hospital.example.org"'
            ),
        ),
        (
            '[targets.x]\nurl = "a.example"',
            f"{HERE}, section [targets.x], key 'url': 'a.example' is no address; write one such as",
        ),
        ('[targets.x]\nurl = "ftp://a.example"', "'ftp://a.example' is no address"),
        ('[targets.x]\nurl = "https://"', "'https://' is no address"),
        ('[targets.x]\nurl = "https://a.example:http"', "'https://a.example:http' is no address"),
        ('[targets.x]\nurl = "https://[::1"', "'https://[::1' is no address"),
        (
            '[targets.embedded]\nurl = "https://a.example"',
            f"{HERE}, section [targets.embedded]: an embedded target brings its own url",
        ),
        (
            "[targets.embedded]\nproduction = true",
            "an embedded target brings its own url and is never production",
        ),
        (
            '[targets.production]\nkind = "embedded"',
            (
                f"{HERE}, section [targets]: target 'production' is of kind \"embedded\": "
                "its name must begin with embedded"
            ),
        ),
        (
            '[targets.Staging]\nurl = "https://a.example"',
            (
                f"{HERE}, section [targets]: 'Staging' is no name for a target: write lower-case"
                " letters"
            ),
        ),
        ('[targets.a__b]\nurl = "https://a.example"', "'a__b' is no name for a target"),
        (
            'target = "stagign"\n' + STAGING,
            (
                "target 'stagign' is not declared; declared: embedded, staging. Did you mean"
                " 'staging'?"
            ),
        ),
    ],
)
def test_a_mistake_is_one_sentence_that_teaches(load: Load, file: str, says: str) -> None:
    """Section, key, the value given, the values allowed, the nearest known word; no traceback, no
    second line.
    """
    said = refusal(load, file)
    assert says in said
    assert "\n" not in said


def test_each_mistake_has_its_sentence(load: Load) -> None:
    """All at once: nobody should mend them one run after the other."""
    said = refusal(
        load, LOCAL + "urll = 1\n[targets.x.limits]\ncheck_seconds = 0\nchek = 1"
    ).splitlines()
    assert len(said) == 3
    assert sorted(re.findall(r"key '(\w+)'", "\n".join(said))) == ["check_seconds", "chek", "urll"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "CUTOVER_TARGT",
            (
                "environment variable CUTOVER_TARGT sets nothing. Did you mean 'CUTOVER_TARGET'?"
                " Allowed: CUTOVER_PLAN, CUTOVER_RELEASE"
            ),
        ),
        (
            "cutover_relase",
            "environment variable cutover_relase sets nothing. Did you mean 'CUTOVER_RELEASE'?",
        ),
        ("CUTOVER_CONFIG", "environment variable CUTOVER_CONFIG sets nothing."),
        (
            "CUTOVER_TARGET__STAGING__URL",
            (
                "environment variable CUTOVER_TARGET__STAGING__URL sets nothing. Did you mean"
                " 'CUTOVER_TARGETS'?"
            ),
        ),
        ("CUTOVER_RELEASE__X", "environment variable CUTOVER_RELEASE__X sets nothing."),
        (
            "CUTOVER_TARGETS_STAGING_URL",
            "environment variable CUTOVER_TARGETS_STAGING_URL sets nothing.",
        ),
        (
            "CUTOVER_TARGETS__STAGING__URLL",
            f"{HERE}, section [targets.staging], key 'urll': unknown key. Did you mean 'url'?",
        ),
        (
            "CUTOVER_TARGETS__STAGING_URL",
            f"{HERE}, section [targets], key 'staging_url': a table is needed here",
        ),
        (
            "CUTOVER_TARGETS__STAGING__LIMITS__CHEK_SECONDS",
            (
                "section [targets.staging.limits], key 'chek_seconds': unknown key. "
                "Did you mean 'check_seconds'?"
            ),
        ),
        (
            "CUTOVER_TARGETS__STAGING__USERS__REGISTAR__PASSWORD",
            "key 'registar': Input should be 'registrar', 'clinician'",
        ),
        (
            "CUTOVER_TARGETS__STAGING__USERS__REGISTRAR__PASSWROD",
            "key 'passwrod': unknown key. Did you mean 'password'?",
        ),
        (
            "CUTOVER_TARGETS__STAGNIG__USERS__REGISTRAR__PASSWORD",
            "section [targets.stagnig.users.registrar], key 'username': it must be given",
        ),
        (
            "CUTOVER_TARGETS__STAGING__USERS__REGISTRAR",
            "section [targets.staging.users], key 'registrar': a table is needed here",
        ),
        (
            "CUTOVER_TARGETS__STAGING__DATABASE",
            (
                "CUTOVER_TARGETS__STAGING__DATABASE stands for a table or a list and is not valid"
                " JSON; give each key a variable of its own"
            ),
        ),
        (
            "CUTOVER_TARGETS__STAGING__LIMITS__DOCUMENT_TYPES",
            "stands for a table or a list and is not valid JSON",
        ),
        ("CUTOVER_TARGETS", "CUTOVER_TARGETS stands for a table or a list and is not valid JSON"),
    ],
)
def test_a_misspelt_variable_is_refused_and_its_value_not_shown(
    load: Load, name: str, says: str
) -> None:
    """It would otherwise set nothing, in silence. What it holds may be a secret."""
    said = refusal(load, STAGING, {name: SECRET})
    assert says in said
    assert SECRET not in said


def test_other_variables_are_not_ours(load: Load) -> None:
    assert (
        load(STAGING, {"CUT_OVER": "1", "MY_CUTOVER_X": "1", "TARGET": "x", "RELEASE": "y"}).release
        is None
    )


def test_a_settings_file_that_is_asked_for_must_be_there(tmp_path: Path) -> None:
    """Without it another system than the one meant would be judged."""
    with pytest.raises(SettingsError, match="there is no such file"):
        load_settings(tmp_path / "night.toml", tmp_path)


def test_a_settings_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A folder in its place, or bytes that are no text."""
    (tmp_path / "cutover.toml").mkdir()
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    for path in (None, tmp_path / "bytes.toml"):
        with pytest.raises(SettingsError, match=r"(cutover|bytes)\.toml"):
            load_settings(path, tmp_path)


# ── secrets ──


@pytest.mark.parametrize(
    ("file", "variable"),
    [
        (f'{STAGING}password = "{SECRET}"', PASSWORD),
        (
            f'{STAGING}[targets.staging.database]\ndsn = "{SECRET}"',
            "CUTOVER_TARGETS__STAGING__DATABASE__DSN",
        ),
        (f'{LOCAL}expired_token = "{SECRET}"', "CUTOVER_TARGETS__X__EXPIRED_TOKEN"),
        (
            f'[targets.rest]\nurl = "https://a.example"\nexpired_token = "{SECRET}"',
            "CUTOVER_TARGETS__REST__EXPIRED_TOKEN",
        ),
        (
            f'[targets.rest.users.registrar]\nusername = "r"\npassword = "{SECRET}"',
            "CUTOVER_TARGETS__REST__USERS__REGISTRAR__PASSWORD",
        ),
        (
            '[targets.rest]\nurl = "https://a.example"\nexpired_token = "{{ x }}"',
            "CUTOVER_TARGETS__REST__EXPIRED_TOKEN",
        ),
        (f'[[targets.x.database]]\ndsn = "{SECRET}"', "CUTOVER_TARGETS__X__DATABASE__DSN"),
        (
            f'{LOCAL}[targets.x.rest.operations.sign_in]\njson = {{ password = "{SECRET}" }}',
            "PASSWORD",
        ),
        (f'{LOCAL}[[targets.x.rest.setup]]\njson = {{ password = "{SECRET}" }}', "PASSWORD"),
        (
            f'{LOCAL}[targets.x.secrets]\napi_key = "{SECRET}"',
            "CUTOVER_TARGETS__X__SECRETS__API_KEY",
        ),
        (f'password = "{SECRET}"', "CUTOVER_PASSWORD"),
        (f'PASSWORD = "{SECRET}"', "CUTOVER_PASSWORD"),
    ],
)
def test_a_literal_secret_in_the_file_is_refused_at_any_depth(
    load: Load, file: str, variable: str
) -> None:
    """Before anything else is looked at; the sentence says where it may stand, and does not repeat
    it.
    """
    said = refusal(load, file)
    assert "is a secret and may not stand in the file" in said
    assert variable in said
    assert SECRET not in said


def test_a_mapping_may_speak_of_a_secret_in_a_template(load: Load) -> None:
    """`{{ … }}` is where a password goes, not the password."""
    file = (
        LOCAL
        + '[targets.x.rest.operations.sign_in]\njson = { password = "{{ credentials.password }}" }'
    )
    assert load(file).targets["x"].rest is not None


@pytest.mark.parametrize(
    "url",
    [
        f"https://u:{SECRET}@a.example",
        f"https://a.example?token={SECRET}",
        f"https://a.example#{SECRET}",
        f"u:{SECRET}@a.example",
    ],
)
def test_a_url_holds_no_secret(load: Load, url: str) -> None:
    """Neither in the file nor in the environment: a verdict shows it."""
    for said in (
        refusal(load, f'[targets.x]\nurl = "{url}"'),
        refusal(load, "", {"CUTOVER_TARGETS__X__URL": url}),
    ):
        assert "a url holds neither user nor password, query nor fragment" in said
        assert SECRET not in said


@pytest.mark.parametrize(
    "value", [SECRET, "123456", "true", "null", '"quoted"', '{"a": 1}', "[1]", "a__b", " spaced "]
)
def test_a_secret_is_taken_to_the_letter(load: Load, value: str) -> None:
    """Also one that looks like a number or like JSON."""
    settings = load(STAGING, {PASSWORD: value}, target="staging", release="1")
    (credentials,) = describe_remote(settings).users.values()
    assert credentials.password == value


@pytest.mark.parametrize(
    "value", [SECRET, "123456", "true", "null", '"quoted"', '{"a": 1}', "[1]", "a__b", " spaced "]
)
def test_a_secret_of_the_mapping_comes_from_a_variable_of_its_name(load: Load, value: str) -> None:
    """`{{ secret.api_key }}`; to the letter, never shown, masked by its name, and no other setting
    when it is another.
    """
    settings = load(
        STAGING,
        {PASSWORD: "p4ssword", "CUTOVER_TARGETS__STAGING__SECRETS__API_KEY": value},
        target="staging",
        release="1",
    )
    standing = describe_remote(settings)
    assert standing.mapping_secrets == {"api_key": value}
    assert standing.secrets()["secret api_key"] == value
    assert type(standing).from_plain(standing.as_plain()) == standing
    assert (
        settings.digest()
        == load(STAGING, {PASSWORD: "p4ssword"}, target="staging", release="1").digest()
    )
    assert f"'{value}'" not in repr(settings) + repr(standing)


def test_a_secret_may_come_from_a_file(
    tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its text without the last line break; its path seen from the settings file, from whatever
    directory pytest is called.
    """
    (tmp_path / "given").write_text(f"{SECRET}\n")
    file = (
        f'{LOCAL}release = "1"\nexpired_token_file = "given"\n[targets.x.database]\ndsn_file ='
        ' "given"\n[targets.x.users.registrar]\nusername = "r"\npassword_file = "given"\n'
    )
    monkeypatch.chdir("/")
    standing = describe_remote(load(file, target="x"))
    assert [user.password for user in standing.users.values()] == [SECRET]
    assert (standing.database, standing.expired_token) == (SECRET, SECRET)


def test_a_variable_goes_over_a_file_of_a_secret(tmp_path: Path, load: Load) -> None:
    (tmp_path / "given").write_text("another")
    settings = load(
        f'{STAGING}password_file = "given"', {PASSWORD: SECRET}, target="staging", release="1"
    )
    assert [user.password for user in describe_remote(settings).users.values()] == [SECRET]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            None,
            (
                "section [targets.staging.users.registrar], key 'password_file': the file cannot be"
                " read (FileNotFoundError)"
            ),
        ),
        (b"\xff\xfe", "the file cannot be read (UnicodeDecodeError)"),
        (
            b"\n",
            "section [targets.staging.users.registrar], key 'password_file': the file is empty",
        ),
    ],
)
def test_a_file_that_gives_no_secret_is_told_without_its_path(
    tmp_path: Path, load: Load, content: bytes | None, says: str
) -> None:
    """The path may be the secret itself, written under the wrong key."""
    if content is not None:
        (tmp_path / SECRET).write_bytes(content)
    settings = load(f'{STAGING}password_file = "{SECRET}"', target="staging", release="1")
    with pytest.raises(SettingsError) as error:
        describe_remote(settings)
    assert says in str(error.value)
    assert SECRET not in str(error.value)


def test_a_missing_secret_is_told_with_its_variable(load: Load) -> None:
    with pytest.raises(
        SettingsError,
        match=(
            f"the password of registrar at target 'staging' is missing: set {PASSWORD}, or"
            " password_file in "
        ),
    ):
        describe_remote(load(STAGING, target="staging", release="1"))


def test_a_remote_target_needs_a_release(load: Load) -> None:
    """A verdict is bound to one. The command line goes over the file."""
    with pytest.raises(
        SettingsError,
        match=(
            r"target 'x' names no release.*--release, CUTOVER_RELEASE, or release in \[targets.x\]"
        ),
    ):
        describe_remote(load(LOCAL, target="x"))
    assert describe_remote(load(LOCAL + 'release = "1"', target="x")).release == "1"
    assert describe_remote(load(LOCAL + 'release = "1"', target="x", release="2")).release == "2"


def test_no_secret_shows_in_a_repr_or_a_dump(load: Load) -> None:
    """Someone will print the settings, or log them."""
    environment = {
        PASSWORD: SECRET,
        "CUTOVER_TARGETS__STAGING__DATABASE__DSN": SECRET,
        "CUTOVER_TARGETS__STAGING__EXPIRED_TOKEN": SECRET,
    }
    settings = load(STAGING, environment, target="staging", release="1")
    for shown in (
        repr(settings),
        str(settings),
        settings.model_dump_json(),
        repr(settings.model_dump()),
        repr(describe_remote(settings)),
    ):
        assert SECRET not in shown


def test_no_secret_shows_in_the_error_of_another_key(load: Load) -> None:
    """Nor in what stands behind it."""
    environment = {PASSWORD: SECRET, "CUTOVER_TARGETS__STAGING__EXPIRED_TOKEN": SECRET}
    with pytest.raises(SettingsError) as error:
        load(STAGING + "nmae = 1\n[targets.staging.limits]\ncheck_seconds = 0\n", environment)
    assert SECRET not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


# ── the digest ──


def test_the_digest_does_not_know_secrets(load: Load) -> None:
    """Neither what they are, nor whether they were given: a rotated password is no other setting."""
    names = (
        PASSWORD,
        "CUTOVER_TARGETS__STAGING__DATABASE__DSN",
        "CUTOVER_TARGETS__STAGING__EXPIRED_TOKEN",
        "CUTOVER_TARGETS__STAGING__INFRASTRUCTURE__REGISTRY__PASSWORD",
    )
    digests = {
        load(STAGING, environment).digest()
        for environment in ({}, dict.fromkeys(names, "one"), dict.fromkeys(names, "two"))
    }
    assert len(digests) == 1


OTHER: dict[str, dict[str, Any]] = {
    "": {
        "target": "staging",
        "release": "9",
        "plan": "other.toml",
        "waivers": "w.toml",
        "signoffs": "s.toml",
        "reports": "elsewhere",
    },
    "TARGETS__STAGING__": {
        "url": "https://b.example",
        "release": "9",
        "production": "true",
        "driver": "a:B",
        "mapping": "m.toml",
        "rest__base_path": "/x",
        "not_applicable__redis": "none",
        "unsupported__refresh": "none",
        "expired_token_file": "f",
    },
    "TARGETS__STAGING__USERS__REGISTRAR__": {"username": "other", "password_file": "f"},
    "TARGETS__STAGING__DATABASE__": {
        "dsn_file": "f",
        "standby_dsn_file": "f",
        "rows__patient": "q",
        "connect_seconds": "9",
        "statement_seconds": "9",
    },
    "TARGETS__STAGING__LIMITS__": {
        "document_bytes": "9",
        "document_types": '["a/b"]',
        "sign_in_failures": "9",
        "connect_seconds": "9",
        "request_seconds": "9",
        "patience_seconds": "9",
        "check_seconds": "9",
    },
    "TARGETS__STAGING__FHIR__": {
        "auth": "basic",
        "token_url": "https://b.example",
        "revocation_url": "https://b.example",
        "secret_in": "body",
        "scope": "s",
        "key_id": "k",
        "sign_ins_per_minute": "9",
        "mrn_system": "urn:m",
        "tag_system": "urn:t",
        "encounter_class": "AMB",
        "page_size": "9",
        "live_path": "/l",
        "ready_path": "/r",
    },
    "TARGETS__STAGING__CONTAINER__": {
        "image": "i",
        "port": "9",
        "environment__a": "b",
        "ready_path": "/r",
        "postgres": "p",
        "start_seconds": "9",
    },
    "TARGETS__STAGING__MIGRATIONS__": {
        "tool": "django",
        "locations": '["x"]',
        "brings_scripts": "false",
        "history_table": "h",
        "placeholders__a": "b",
        "out_of_order": "true",
        "schemas": '["x"]',
        "key_tables": '["x"]',
        "expected_catalog": "f",
        "connections": "9",
        "budget_seconds": "9",
        "standby_lag_seconds": "9",
        "standbys": "9",
        "archived": "true",
        "snapshot_max_age_hours": "9",
        "staging": "x",
        "keys": '[{"column": "a.b", "refers_to": "c.d"}]',
    },
    "TARGETS__STAGING__MIGRATIONS__TABLES__VISITS__": {
        "rows": "+9",
        "rows_become": "q",
        "grows_above": "c",
        "becomes__a": "b",
        "drops": '["x"]',
        "content": "any",
        "reason": "r",
    },
    "TARGETS__STAGING__MIGRATIONS__SCRATCH__": {"kind": "server", "dsn_file": "f", "image": "i"},
    "TARGETS__STAGING__MIGRATIONS__BACKUP__": {
        "path": "p",
        "max_age_hours": "9",
        "restore": "false",
    },
    "TARGETS__STAGING__MIGRATIONS__REHEARSAL__": {
        "lock_seconds": "9",
        "script_seconds": "9",
        "workload": '["q"]',
        "lint_except__a": "b",
    },
    "TARGETS__STAGING__PERFORMANCE__": {
        "rate": "9",
        "max_rate": "9",
        "ramp_seconds": "9",
        "min_seconds": "9",
        "max_seconds": "99",
        "confidence": "0.9",
        "error_rate": "0.5",
        "request_seconds": "9",
        "patients": "9",
        "seed": "9",
        "processes": "9",
        "worker_command": "w",
        "master_host": "h",
        "master_port": "9",
    },
    "TARGETS__STAGING__PERFORMANCE__JOURNEYS__CLERK__": {"weight": "9", "think_seconds": "9"},
    "TARGETS__STAGING__PERFORMANCE__OBJECTIVES__": {"p50": "9", "p95": "9", "p99": "9"},
    "TARGETS__STAGING__PERFORMANCE__OBJECTIVES__OPERATIONS__UPLOAD__": {
        "p50": "9",
        "p95": "9",
        "p99": "9",
    },
    "TARGETS__STAGING__PERFORMANCE__BASELINE__": {"name": "n", "ratio": "9", "max_age_hours": "9"},
    "TARGETS__STAGING__PERFORMANCE__RESOURCES__": {
        "metrics_path": "/m",
        "prometheus": "http://p.example",
        "labels": "l",
        "cpu": "c",
        "memory": "m",
        "cpu_cores": "9",
        "memory_bytes": "9",
        "growth_bytes_per_minute": "9",
        "pool_share": "0.5",
        "pool_waiting_share": "0.5",
        "lock_wait_seconds": "9",
    },
    "TARGETS__STAGING__PERFORMANCE__RESOURCES__POOL__": {
        "in_use": "i",
        "maximum": "m",
        "waiting": "w",
        "timeouts": "t",
    },
    "TARGETS__STAGING__CONTRACT__": {
        "document": "f",
        "previous_document": "f",
        "mode": "deep",
        "throwaway": "true",
        "seconds": "9",
        "deep_seconds": "9",
        "rate": "9",
        "seed": "9",
        "account": "auditor",
        "accepted": "f",
        "roles__auditor": '["GET /x"]',
        "parameters__ward_id": "12",
        "untried__post_x": "why",
    },
    "TARGETS__STAGING__INFRASTRUCTURE__TLS__": {
        "endpoints": '["a.example:443"]',
        "ca_file": "f",
        "days_left": "9",
        "redirects": '["http://a.example/"]',
        "hsts_path": "/x",
        "hsts_seconds": "9",
        "seconds": "2",
    },
    "TARGETS__STAGING__INFRASTRUCTURE__DNS__": {
        "records": '{"a.example": ["10.0.0.9"]}',
        "resolvers": '["10.0.0.9"]',
        "authorities": '["10.0.0.9"]',
        "ttl_seconds": "9",
        "seconds": "2",
    },
    "TARGETS__STAGING__INFRASTRUCTURE__BALANCER__": {
        "url": "https://b.example",
        "ca_file": "f",
        "backends": '["http://10.0.0.9"]',
        "health_path": "/x",
        "instance_header": "h",
        "kill": '["x"]',
        "back_seconds": "9",
        "client_address": "127.0.0.9",
        "client_field": "f",
        "seconds": "2",
    },
    "TARGETS__STAGING__INFRASTRUCTURE__REDIS__": {
        "url": "redis://r.example",
        "ca_file": "f",
        "username": "u",
        "password_file": "f",
        "role": "replica",
        "maxmemory_policy": "p",
        "persistence": "aof",
        "memory_share": "0.5",
        "seconds": "2",
    },
    "TARGETS__STAGING__INFRASTRUCTURE__CLUSTER__": {
        "api": "https://k.example",
        "ca_file": "f",
        "token_file": "f",
        "namespace": "n",
        "deployment": "d",
        "image": "i",
        "digest": f"sha256:{'1' * 64}",
        "previous_digest": f"sha256:{'2' * 64}",
        "runs": "previous",
        "replicas": "9",
        "helm_release": "h",
        "restarts": "9",
        "restart_hours": "9",
        "must_declare": '["limits.memory"]',
    },
    "TARGETS__STAGING__INFRASTRUCTURE__REGISTRY__": {
        "url": "https://r.example",
        "repository": "r",
        "username": "u",
        "password_file": "f",
        "ca_file": "f",
        "platform": "linux/arm64",
    },
    "TARGETS__STAGING__INFRASTRUCTURE__PIPELINE__": {
        "file": "f",
        "coverage_file": "f",
        "commit": "c" * 40,
        "suites": '["unit"]',
        "coverage_percent": "9",
        "max_age_hours": "9",
    },
    "TARGETS__STAGING__MONITORING__": {
        "prometheus": "http://p.example",
        "labels": "l",
        "targets": '["a"]',
        "scrape_seconds": "9",
        "token_file": "f",
        "ca_file": "f",
    },
    "TARGETS__STAGING__MONITORING__METRICS__": {
        "requests": "r",
        "quiet": "true",
        "traffic": "9",
        "moving": '["m"]',
        "present": '["p"]',
    },
    "TARGETS__STAGING__MONITORING__ALERTS__": {
        "alertmanager": "http://a.example",
        "rules__health": "r",
        "for_seconds__health": "9",
        "thresholds__health": "9",
        "absent_when_healthy__up": "why",
        "receiver": "r",
        "canary": "c",
        "canary_receiver": "c",
        "canary_labels__severity": "s",
        "receiver_listen": "h:9",
        "canary_seconds": "9",
    },
    "TARGETS__STAGING__MONITORING__LOGS__": {
        "kind": "loki",
        "path": "f",
        "url": "http://l.example",
        "index": "i",
        "selector": "s",
        "namespace": "n",
        "context": "c",
        "token_file": "f",
        "token_scheme": "ApiKey",
        "ca_file": "f",
        "pattern": "(?P<time>.)(?P<level>.)(?P<request_id>.)",
        "time": "t",
        "level": "l",
        "request_id": "r",
        "levels": '["l"]',
        "error_levels": '["e"]',
        "seconds": "9",
        "clock_seconds": "9",
        "rolled_back": "2026-11-28T02:40:00Z",
    },
    "TARGETS__STAGING__MONITORING__DASHBOARDS__": {
        "grafana": "http://g.example",
        "uids": '["u"]',
        "token_file": "f",
        "ca_file": "f",
        "minutes": "9",
        "empty__panel": "why",
        "variables__job": "j",
    },
    "TARGETS__STAGING__MONITORING__CHANNELS__TEAM__": {"apprise_url_file": "f"},
}
"""Another value for every key that is no secret, by the start of its variable's name."""


def test_the_digest_changes_with_every_other_setting(load: Load) -> None:
    """Each of them alone, and each in its own way."""
    staging = "CUTOVER_TARGETS__STAGING__"
    also = {
        f"{staging}MIGRATIONS__TABLES__VISITS__CONTENT": {
            f"{staging}MIGRATIONS__TABLES__VISITS__REASON": "why"
        },  # which it must have
        f"{staging}CONTRACT__MODE": {f"{staging}CONTRACT__THROWAWAY": "true"},
    }
    variables = {
        f"CUTOVER_{start}{key.upper()}": value
        for start, keys in OTHER.items()
        for key, value in keys.items()
    }
    digests = [load(STAGING).digest()]
    for name, value in variables.items():
        digests.append(load(STAGING, {name: value, **also.get(name, {})}).digest())
    assert len(set(digests)) == len(digests) == len(variables) + 1


def test_the_table_above_knows_every_key() -> None:
    """A new setting that the digest does not know would be a change that nobody sees."""
    migrations, performance = "TARGETS__STAGING__MIGRATIONS__", "TARGETS__STAGING__PERFORMANCE__"
    models: dict[str, type[BaseModel]] = {
        "": Settings,
        "TARGETS__STAGING__": Target,
        "TARGETS__STAGING__USERS__REGISTRAR__": UserAccount,
        "TARGETS__STAGING__DATABASE__": DatabaseSettings,
        "TARGETS__STAGING__CONTAINER__": Container,
        "TARGETS__STAGING__FHIR__": Fhir,
        "TARGETS__STAGING__LIMITS__": Limits,
        migrations: Migrations,
        f"{migrations}TABLES__VISITS__": TableChange,
        f"{migrations}SCRATCH__": ScratchSettings,
        f"{migrations}BACKUP__": BackupSettings,
        f"{migrations}REHEARSAL__": RehearsalSettings,
        performance: Performance,
        f"{performance}JOURNEYS__CLERK__": JourneySettings,
        f"{performance}OBJECTIVES__": LatencyObjectives,
        f"{performance}OBJECTIVES__OPERATIONS__UPLOAD__": LatencyLimits,
        f"{performance}BASELINE__": BaselineSettings,
        f"{performance}RESOURCES__": ResourceSettings,
        f"{performance}RESOURCES__POOL__": PoolMetricNames,
        "TARGETS__STAGING__CONTRACT__": Contract,
        "TARGETS__STAGING__INFRASTRUCTURE__TLS__": TlsSettings,
        "TARGETS__STAGING__INFRASTRUCTURE__DNS__": DnsSettings,
        "TARGETS__STAGING__INFRASTRUCTURE__BALANCER__": LoadBalancerSettings,
        "TARGETS__STAGING__INFRASTRUCTURE__REDIS__": RedisSettings,
        "TARGETS__STAGING__INFRASTRUCTURE__CLUSTER__": ClusterSettings,
        "TARGETS__STAGING__INFRASTRUCTURE__REGISTRY__": RegistrySettings,
        "TARGETS__STAGING__INFRASTRUCTURE__PIPELINE__": PipelineSettings,
        "TARGETS__STAGING__MONITORING__": Monitoring,
        "TARGETS__STAGING__MONITORING__METRICS__": MetricSettings,
        "TARGETS__STAGING__MONITORING__ALERTS__": AlertSettings,
        "TARGETS__STAGING__MONITORING__LOGS__": LogSettings,
        "TARGETS__STAGING__MONITORING__DASHBOARDS__": DashboardSettings,
        "TARGETS__STAGING__MONITORING__CHANNELS__TEAM__": ChannelSettings,
    }
    for start, model in models.items():
        tables = {
            *(["targets"] if model is Settings else []),
            "users",
            "container",
            "fhir",
            "database",
            "limits",
            "migrations",
            "tables",
            "scratch",
            "backup",
            "rehearsal",
            "performance",
            "journeys",
            "objectives",
            "operations",
            "baseline",
            "resources",
            "pool",
            "contract",
            "monitoring",
            "metrics",
            "alerts",
            "logs",
            "dashboards",
            "channels",
            "infrastructure",
            "tls",
            "dns",
            "balancer",
            "redis",
            "cluster",
            "registry",
            "pipeline",
        }
        # `kind` follows from url; a cluster and further machines are whole tables or lists, that
        # need more than one key.
        follows = {"kind"} if model is Target else {"workers", "kubernetes"}
        assert {key.partition("__")[0] for key in OTHER[start]} == set(
            model.model_fields
        ) - SECRET_KEYS - tables - follows


def test_the_digest_changes_with_the_files_that_settings_name(tmp_path: Path, load: Load) -> None:
    """A mapping or a plan that says something else asks something else."""
    file = STAGING.replace(
        "url =",
        'mapping = "m.toml"\ncontract = { document = "d.json", previous_document = "p.json"'
        " }\nurl =",
    )
    digests = [load(file).digest()]
    for name in ("m.toml", "plan.toml", "d.json", "p.json"):
        for text in ("a = 1", "a = 2"):
            (tmp_path / name).write_text(text)
            digests.append(load(file).digest())
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("production = true\n", "production never gets the deep mode"),
        ("", "set contract.throwaway = true where all data may be spoilt"),
    ],
)
def test_the_deep_mode_is_for_what_may_be_spoilt(load: Load, where: str, says: str) -> None:
    """What it makes cannot be found again: it is refused before anything is asked, whatever else is
    said.
    """
    with pytest.raises(SettingsError, match=says):
        load(
            f'[targets.staging]\nurl = "https://staging.example"\n{where}',
            {"CUTOVER_TARGETS__STAGING__CONTRACT__MODE": "deep"},
        )


def test_the_same_settings_have_the_same_digest(load: Load) -> None:
    """In whatever order they stand, and wherever they come from."""
    environment = {"CUTOVER_TARGETS__STAGING__RELEASE": "2"}
    assert (
        load(STAGING, environment).digest()
        == load(STAGING.replace("url =", 'release = "2"\nurl =')).digest()
    )
    assert re.fullmatch(r"[0-9a-f]{64}", load().digest())


# ── cutover.toml and docs/settings.md ──


def example() -> str:
    """`cutover.toml` with its examples uncommented: prose has a space after its sign, an example
    has none.
    """
    lines = (ROOT / "cutover.toml").read_text(encoding="utf-8").splitlines()
    return "\n".join(line[1:] if re.match(r"#[\[a-z]", line) else line for line in lines)


def test_the_settings_file_of_this_repository_judges_the_embedded_hospital(load: Load) -> None:
    """As it stands it changes nothing."""
    settings = load((ROOT / "cutover.toml").read_text(encoding="utf-8"))
    # What its migrations do and what load it bears is said in the file, for all to see.
    said = {
        "migrations": Migrations(),
        "performance": Performance(),
        "contract": Contract(),
        "unsupported": {},
        "not_applicable": {},
    }
    own = settings.targets["embedded"].model_copy(update=said)
    assert (
        settings.model_copy(update={"targets": {"embedded": own}}).model_dump()
        == load().model_dump()
    )


def test_the_examples_of_the_settings_file_can_be_loaded(load: Load) -> None:
    """All of them at once."""
    settings = load(example())
    assert settings.target == "staging"
    assert set(settings.targets) == {"embedded", "staging", "production"}
    assert set(settings.targets["staging"].users) == set(ACCOUNT_ROLES)
    assert settings.targets["production"].production


def written_keys(model: type[BaseModel], table: dict[str, Any]) -> Iterator[str]:
    """The model's keys that the table, or those below it, show."""
    yield from (f"{model.__name__}.{key}" for key in table if key in model.model_fields)
    below: dict[str, type[BaseModel]] = {
        "infrastructure": Infrastructure,
        "tls": TlsSettings,
        "dns": DnsSettings,
        "balancer": LoadBalancerSettings,
        "redis": RedisSettings,
        "cluster": ClusterSettings,
        "registry": RegistrySettings,
        "pipeline": PipelineSettings,
        "container": Container,
        "fhir": Fhir,
        "database": DatabaseSettings,
        "limits": Limits,
        "migrations": Migrations,
        "scratch": ScratchSettings,
        "backup": BackupSettings,
        "rehearsal": RehearsalSettings,
        "performance": Performance,
        "objectives": LatencyObjectives,
        "baseline": BaselineSettings,
        "resources": ResourceSettings,
        "pool": PoolMetricNames,
        "kubernetes": PodMetricsSettings,
        "contract": Contract,
        "monitoring": Monitoring,
        "metrics": MetricSettings,
        "alerts": AlertSettings,
        "logs": LogSettings,
        "dashboards": DashboardSettings,
    }
    named: dict[str, type[BaseModel]] = {
        "targets": Target,
        "users": UserAccount,
        "tables": TableChange,
        "journeys": JourneySettings,
        "operations": LatencyLimits,
        "channels": ChannelSettings,
    }
    for key, inner in table.items():
        if key in below:
            yield from written_keys(below[key], inner)
        elif (
            key in named and isinstance(inner, dict)
        ) or key == "keys":  # monitoring has a list that is called targets
            for each in inner.values() if key in named else inner:
                yield from written_keys(named.get(key, ImpliedReference), each)


def test_every_key_is_explained_in_the_settings_file() -> None:
    """Shown by an example below a comment that gives its default; a secret by the words on its
    variable, since it may not stand there.
    """
    models = (
        Settings,
        Target,
        UserAccount,
        Container,
        Fhir,
        DatabaseSettings,
        Limits,
        Migrations,
        TableChange,
        ImpliedReference,
        ScratchSettings,
        BackupSettings,
        RehearsalSettings,
        Performance,
        JourneySettings,
        LatencyLimits,
        LatencyObjectives,
        BaselineSettings,
        ResourceSettings,
        PoolMetricNames,
        PodMetricsSettings,
        Contract,
        TlsSettings,
        DnsSettings,
        LoadBalancerSettings,
        RedisSettings,
        ClusterSettings,
        RegistrySettings,
        PipelineSettings,
        Monitoring,
        MetricSettings,
        AlertSettings,
        LogSettings,
        DashboardSettings,
        ChannelSettings,
    )
    every = {
        f"{model.__name__}.{key}"
        for model in models
        for key in model.model_fields
        if key not in SECRET_KEYS
    }
    assert every - set(written_keys(Settings, tomllib.loads(example()))) == set()
    text = (ROOT / "cutover.toml").read_text(encoding="utf-8")
    assert not [name for name in SECRET_KEYS if f"__{name.upper()}" not in text]


def test_every_setting_is_explained_with_its_default() -> None:
    """In the comment above the first example of each key, or of its table."""
    silent = []
    seen: set[str] = set()
    for block in (ROOT / "cutover.toml").read_text(encoding="utf-8").split("\n\n"):
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
    """For that page."""
    models: tuple[type[BaseModel], ...] = (Settings, Target, UserAccount, DatabaseSettings, Limits)
    assert not [
        f"{model.__name__}.{name}"
        for model in models
        for name, field in model.model_fields.items()
        if not field.description
    ]
