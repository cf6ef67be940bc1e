"""Settings: one order of precedence, one sentence for each mistake, no secret in sight."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.config.loader import load_settings
from cutover_gates.config.settings_digest import compute_settings_digest
from cutover_gates.targets.running_target import describe_remote
from tests.unit.config.settings_files import PASSWORD, SECRET, STAGING, Load


def refusal(load: Load, *given: Any, **command_line: str) -> str:
    """Return the message about a mistake."""
    with pytest.raises(SettingsError) as error:
        _ = load(*given, **command_line).chosen_target
    return str(error.value)


# ── which target ──


def test_containers_is_the_embedded_hospital_with_its_scratch_databases_in_docker(
    load: Load,
) -> None:
    """The file need not declare it, and the embedded target's migrations hold for it, too."""
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
    """Each source counts where the ones above it are silent."""
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
    """A variable may name a key at any depth, in upper or lower case."""
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
    """A pipeline gives it so.

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
    """The working directory does not matter, and may change later."""
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
                " release, previous_release, plan, waivers, signoffs, longest_waiver_days,"
                " declarations_days, reports, require_signed_decisions, attestation, people, targets"
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
                "section [targets.x.users]: no role has the account 'registar'. Did you mean"
                " 'registrar'? Allowed: registrar, clinician, auditor, administrator, outsider"
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
            (
                f"{HERE}, section [targets.x.not_applicable.redis-cluster], key 'reason': a reason"
                " is needed: an auditor will ask for it"
            ),
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
    """It names section, key, the given and the allowed values, and the nearest known word.

    There is no traceback and no second line.
    """
    said = refusal(load, file)
    assert says in said
    assert "\n" not in said


def test_each_mistake_has_its_sentence(load: Load) -> None:
    """All are reported at once: nobody should fix them one run after the other."""
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
                " Allowed: CUTOVER_ATTESTATION, CUTOVER_DECLARATIONS_DAYS"
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
            "no role has the account 'registar'. Did you mean 'registrar'?",
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
    """It would otherwise set nothing, in silence. Its value may be a secret."""
    said = refusal(load, STAGING, {name: SECRET})
    assert says in said
    assert SECRET not in said


def test_other_variables_are_not_ours(load: Load) -> None:
    assert (
        load(STAGING, {"CUT_OVER": "1", "MY_CUTOVER_X": "1", "TARGET": "x", "RELEASE": "y"}).release
        is None
    )


def test_a_settings_file_that_is_asked_for_must_be_there(tmp_path: Path) -> None:
    """Otherwise another system than the intended one would be judged."""
    with pytest.raises(SettingsError, match="there is no such file"):
        load_settings(tmp_path / "night.toml", tmp_path)


def test_a_settings_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A folder stands in its place, or the bytes are no text."""
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
    """It is refused first. The sentence says where it may stand, and does not repeat it."""
    said = refusal(load, file)
    assert "is a secret and may not stand in the file" in said
    assert variable in said
    assert SECRET not in said


def test_a_mapping_may_speak_of_a_secret_in_a_template(load: Load) -> None:
    """A template is the place of a password, not the password."""
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
    """A verdict shows it, whether it comes from the file or from the environment."""
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
    """A secret that looks like a number or like JSON stays a text."""
    settings = load(STAGING, {PASSWORD: value}, target="staging", release="1")
    (credentials,) = describe_remote(settings).users.values()
    assert credentials.password == value


@pytest.mark.parametrize(
    "value", [SECRET, "123456", "true", "null", '"quoted"', '{"a": 1}', "[1]", "a__b", " spaced "]
)
def test_a_secret_of_the_mapping_comes_from_a_variable_of_its_name(load: Load, value: str) -> None:
    """The mapping gets it as it is. It is never shown, and masked by its name.

    The digest does not change with it.
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
    assert compute_settings_digest(settings) == compute_settings_digest(
        load(STAGING, {PASSWORD: "p4ssword"}, target="staging", release="1")
    )
    assert f"'{value}'" not in repr(settings) + repr(standing)


def test_a_secret_may_come_from_a_file(
    tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last line break does not count. The path is relative to the settings file."""
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
    """The error has no cause and no context that could show it."""
    environment = {PASSWORD: SECRET, "CUTOVER_TARGETS__STAGING__EXPIRED_TOKEN": SECRET}
    with pytest.raises(SettingsError) as error:
        load(STAGING + "nmae = 1\n[targets.staging.limits]\ncheck_seconds = 0\n", environment)
    assert SECRET not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


# ── what may be spoilt ──


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("production = true\n", "production never gets the deep mode"),
        ("", "set contract.throwaway = true where all data may be spoilt"),
    ],
)
def test_the_deep_mode_is_for_what_may_be_spoilt(load: Load, where: str, says: str) -> None:
    """Nobody can find its records again, so it is refused before anything is sent."""
    with pytest.raises(SettingsError, match=says):
        load(
            f'[targets.staging]\nurl = "https://staging.example"\n{where}',
            {"CUTOVER_TARGETS__STAGING__CONTRACT__MODE": "deep"},
        )
