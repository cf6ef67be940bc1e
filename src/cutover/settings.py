"""Typed settings: `cutover.toml`, over it the environment (`CUTOVER_…`), over it the command line.

Secrets (`SecretStr` fields) come from the environment or from a `<name>_file`, never from the settings file.
Every mistake becomes a `SettingsError` that names section, key, the value given and the values allowed. `docs/settings.md` is made from the
descriptions here.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

import pydantic_settings
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from cutover.plan import nearest
from cutover.tables import read_table

FILE_NAME = "cutover.toml"
SECRETS = frozenset({"password", "dsn", "expired_token"})
USERS = ("registrar", "clinician", "auditor", "administrator", "outsider")
EMBEDDED = {"kind": "embedded", "release": "2.0.0"}
"""What `[targets.embedded]` is without a word about it in the file."""
TARGET_NAME = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A bound that is one: greater than 0, and not `inf`."""


class SettingsError(ValueError):
    """The settings cannot be used; the message is one sentence for each mistake, for the person who wrote them."""


# ── what can be set ──


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class User(_Table):
    """An account of the target that the checks sign in with."""

    username: str = Field(min_length=1, description="The name to sign in with.")
    password: SecretStr | None = Field(default=None, description="Its password.")
    password_file: Path | None = Field(default=None, description="A file that holds the password, instead of the environment.")


class Database(_Table):
    """A read-only way into the target's database."""

    dsn: SecretStr | None = Field(default=None, description="Where the database is and who reads it, as libpq has it.")
    dsn_file: Path | None = Field(default=None, description="A file that holds the DSN, instead of the environment.")
    rows: dict[str, str] = Field(default={}, description="Queries that find one row by its id: patient, visit, document. "
                                 "Default: those of `src/cutover/database/default_rows.toml`.")
    connect_seconds: Seconds = Field(default=3, description="Seconds to wait for a connection.")
    statement_seconds: Seconds = Field(default=5, description="Seconds after which the database itself stops a query.")


class Limits(_Table):
    """What the target promises, and how long a check waits."""

    document_bytes: int = Field(default=2 * 1024 * 1024, gt=0, description="Bytes of the largest document that the target takes.")
    document_types: tuple[str, ...] = Field(default=("application/pdf", "image/png", "image/jpeg", "text/plain"), min_length=1,
                                            description="Media types of the documents that the target takes.")
    sign_in_failures: int = Field(default=5, gt=0, description="Failed sign-ins in a row after which the target says \"slow down\".")
    connect_seconds: Seconds = Field(default=2, description="Seconds to wait for a connection to the target.")
    request_seconds: Seconds = Field(default=5, description="Seconds within which every request must be answered, from first byte to last.")
    patience_seconds: Seconds = Field(default=6, description="Seconds that a check waits for a condition to become true.")
    check_seconds: Seconds = Field(default=60, description="Seconds after which a check is stopped: it is then not proven.")


class Target(_Table):
    """One system under test."""

    kind: Literal["embedded", "remote"] = Field(default="remote", description="`remote`: somebody runs it, and `url` says where. "
                                                "`embedded`: the hospital of `reference/`, started for each run; its name begins with `embedded`.")
    url: str | None = Field(default=None, description="Where a remote target answers, without user, password or query.")
    release: str | None = Field(default=None, description="The release under judgement. `--release` and the top-level `release` go over it.")
    production: bool = Field(default=False, description="True where real patients are: nothing is then sent that production cannot bear.")
    driver: str = Field(default="rest", description="How the target speaks: `rest`, or a class of your own as `package.module:Class`.")
    mapping: Path | None = Field(default=None, description="A TOML file with the REST mapping (`docs/target-protocol.md`). "
                                 "Without one the target speaks the default dialect.")
    rest: dict[str, Any] | None = Field(default=None, description="The REST mapping as a table, instead of the file.")
    users: dict[Literal["registrar", "clinician", "auditor", "administrator", "outsider"], User] = Field(
        default={}, description="The accounts that the checks sign in with, by role. The outsider is a clinician of another facility.")
    database: Database = Field(default=Database(), description="The target's database.")
    limits: Limits = Field(default=Limits(), description="What the target promises, and how long a check waits.")
    not_applicable: dict[str, str] = Field(default={}, description="Items of the plan that this target cannot have, each with its reason. "
                                           "They are shown in the verdict.")
    unsupported: dict[str, str] = Field(default={}, description="Operations that this target does not offer, each with its reason. "
                                        "A check that needs one is not applicable.")
    expired_token: SecretStr | None = Field(default=None, description="An access token that was good once.")
    expired_token_file: Path | None = Field(default=None, description="A file that holds the expired token, instead of the environment.")

    @field_validator("not_applicable", "unsupported")
    @classmethod
    def _with_reasons(cls, value: dict[str, str]) -> dict[str, str]:
        for name, reason in value.items():
            if not reason.strip():
                raise ValueError(f"{name} needs a reason: an auditor will ask for it")
        return value

    @field_validator("url")
    @classmethod
    def _plain_url(cls, value: str | None) -> str | None:
        if value is not None and any(sign in value for sign in "@?#"):
            raise ValueError("a url holds neither user nor password, query nor fragment: accounts stand in users, their passwords in the environment")
        if value is not None and not _is_address(value):
            raise ValueError(f"{value!r} is no address; write one such as \"https://hospital.example.org\"")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Target:
        if self.kind == "remote" and not self.url:
            raise ValueError("a remote target needs url, such as \"https://hospital.example.org\"")
        if self.kind == "embedded" and (self.url or self.production):
            raise ValueError("an embedded target brings its own url and is never production; write kind = \"remote\"")
        if self.mapping and self.rest is not None:
            raise ValueError("give mapping (a file) or rest (a table), not both")
        return self


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        return False


class Settings(BaseSettings):
    """Everything that can be set. Paths are relative to the settings file's folder."""

    # An empty variable counts as none: pipelines set one for every secret that they have not got.
    model_config = SettingsConfigDict(env_prefix="CUTOVER_", env_nested_delimiter="__", env_ignore_empty=True, extra="forbid", frozen=True)

    target: str = Field(default="embedded", description="The target to judge when the command line names none: a name from `[targets]`.")
    release: str | None = Field(default=None, description="The release under judgement, over the target's own `release`.")
    plan: Path = Field(default=Path("plan.toml"), description="The cutover plan (`docs/your-plan.md`).")
    waivers: Path = Field(default=Path("waivers.toml"), description="Decisions to go without an item.")
    signoffs: Path = Field(default=Path("signoffs.toml"), description="Attestations of what no program can check.")
    reports: Path = Field(default=Path("reports/runs"), description="The folder in which each run leaves its verdict and evidence.")
    targets: dict[str, Target] = Field(default={}, description="The systems that can be judged, by name: lower-case letters and digits, "
                                       "with single `-` or `_` between them.")

    file: ClassVar[Mapping[str, Any]] = {}
    _folder: Path = PrivateAttr(default=Path())

    @field_validator("targets")
    @classmethod
    def _well_named(cls, value: dict[str, Target]) -> dict[str, Target]:
        for name, target in value.items():
            if not TARGET_NAME.fullmatch(name):  # the environment could not name another: its names know no case, and two underscores part them
                raise ValueError(f"{name!r} is no name for a target: write lower-case letters and digits, with single - or _ between them")
            if target.kind == "embedded" and not name.startswith("embedded"):
                raise ValueError(f"target {name!r} is of kind \"embedded\": its name must begin with embedded, so that its verdicts are not mistaken")
        return value

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource, file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # pydantic passes them by name
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line over environment over file; nothing else is read."""
        return init_settings, env_settings, _FileSource(settings_cls)

    @property
    def chosen(self) -> Target:
        """The target that this run is about. Raises `SettingsError` for an unknown name."""
        if self.target not in self.targets:
            declared = ", ".join(sorted(self.targets))
            raise SettingsError(f"target {self.target!r} is not declared; declared: {declared}.{nearest(self.target, self.targets)}")
        return self.targets[self.target]

    def path(self, path: Path) -> Path:
        """A path of the settings, seen from the folder of the settings file."""
        return self._folder / path

    def secret(self, table: User | Database | Target, name: str, section: str) -> str | None:
        """A secret's value, from the environment or its file; None when neither was given. Raises `SettingsError` for a file that gives none.

        `section` is where `table` stands, for the message. The text of the file counts without its last line break.
        """
        given, path = getattr(table, name), getattr(table, f"{name}_file")
        if given is not None:
            return str(given.get_secret_value())
        if path is None:
            return None
        try:
            text = self.path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:  # the path is not shown: it may be the secret itself, written under the wrong key
            raise SettingsError(f"section [{section}], key '{name}_file': the file cannot be read ({type(error).__name__}); "
                                "mend the path or its permissions") from None
        if not text:
            raise SettingsError(f"section [{section}], key '{name}_file': the file is empty")
        return text

    def digest(self) -> str:
        """SHA-256 over all settings but secrets, and over the mapping and plan files that they name: two runs with one digest were asked the same."""
        secret = {"targets": {"__all__": {"expired_token": True, "database": {"dsn"}, "users": {"__all__": {"password"}}}}}
        shown = self.model_dump(mode="json", exclude=secret)  # type: ignore[arg-type]  # the recursive type of pydantic, which mypy cannot infer
        named = [self.plan, *(target.mapping for target in self.targets.values() if target.mapping)]
        shown["files"] = [_fingerprint(self.path(path)) for path in named]
        return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


def _fingerprint(path: Path) -> str:
    """The SHA-256 of a file; empty where it cannot be read (whoever needs it says so)."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


# ── how it is read ──


class _FileSource(PydanticBaseSettingsSource):
    """The parsed settings file, handed over by `load_settings` (pydantic-settings' own TOML source cannot refuse a literal secret)."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002  # the signature is pydantic's
        return Settings.file.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict(Settings.file)


def load_settings(path: Path | None, folder: Path, **command_line: str | None) -> Settings:
    """Settings from `path` (or `folder/cutover.toml`, which may be missing), environment and command line.

    `command_line` values that are None were not given. Raises `SettingsError`.
    """
    if path is not None and not path.is_file():
        raise SettingsError(f"--cutover-config {path}: there is no such file")
    path = (path or folder / FILE_NAME).absolute()
    _refuse_unknown_environment()
    Settings.file = _with_embedded(_read(path))
    try:
        settings = Settings(**{key: value for key, value in command_line.items() if value is not None})  # type: ignore[arg-type]  # texts, for pydantic
    except ValidationError as error:
        raise SettingsError("\n".join(_teach(mistake, path.name) for mistake in error.errors())) from None
    except pydantic_settings.SettingsError:  # its text and its cause may hold the value, which may be a secret
        raise SettingsError(f"environment: {_not_json()}; give each key a variable of its own, such as CUTOVER_TARGETS__STAGING__URL") from None
    finally:
        Settings.file = {}
    settings._folder = path.parent
    return settings


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    data = read_table(path, SettingsError)
    for where in _literal_secrets(data):
        variable = "CUTOVER_" + "__".join(where).upper()
        raise SettingsError(f"{path.name}: {'.'.join(where)} is a secret and may not stand in the file: "
                            f"set the environment variable {variable}, or write {where[-1]}_file with the path of a file that holds it")
    return data


def _literal_secrets(value: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where a secret stands in the file. A mapping ([targets.NAME.rest]) may speak of one in a template."""
    if isinstance(value, list):
        for part in value:
            yield from _literal_secrets(part, above)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _literal_secrets(inner, (*above, key))
    elif above and above[-1].lower() in SECRETS:
        in_template = above[0] == "targets" and above[2:3] == ("rest",) and "{{" in str(value)
        if not in_template:
            yield above


def _with_embedded(data: Mapping[str, Any]) -> dict[str, Any]:
    """No configuration at all means the embedded target."""
    targets = data.get("targets", {})
    if not isinstance(targets, dict):
        return dict(data)
    own = targets.get("embedded", {})
    return {**data, "targets": {**targets, "embedded": {**EMBEDDED, **own} if isinstance(own, dict) else own}}


def _refuse_unknown_environment() -> None:
    """Refuse a misspelt variable, which pydantic-settings would pass over. Keys inside of tables are then known to pydantic."""
    fields = set(Settings.model_fields)
    for name in sorted(os.environ):
        field, _, inner = name.upper().removeprefix("CUTOVER_").lower().partition("__")
        if name.upper().startswith("CUTOVER_") and (field not in fields or (inner and field != "targets")):
            known = {"CUTOVER_" + other.upper() for other in (fields if field not in fields else {"targets"})}
            raise SettingsError(f"environment variable {name} sets nothing.{nearest('CUTOVER_' + field.upper(), known)} "
                                f"Allowed: {', '.join(sorted('CUTOVER_' + other.upper() for other in fields))}")


# ── how a mistake is told ──


def _not_json() -> str:
    names = [name for name in sorted(os.environ) if name.upper().startswith("CUTOVER_TARGETS")]
    return f"one of {', '.join(names)} stands for a table or a list and is not valid JSON"


def _teach(mistake: Mapping[str, Any], file: str) -> str:
    """One sentence: section, key, value given, values allowed, the nearest known one."""
    place = [str(part) for part in mistake["loc"] if part != "[key]"]
    if mistake["type"] == "value_error" and isinstance(mistake["input"], dict):
        return f"{file} or environment{f', section [{_dotted(place)}]' if place else ''}: {_words(mistake)}"
    *section, key = place
    where = f"{file} or environment{f', section [{_dotted(section)}]' if section else ''}, key {key!r}"
    if mistake["type"] == "extra_forbidden":  # the value is not shown: under a misspelt key it may be a secret
        allowed = _keys_at(section)
        return f"{where}: unknown key.{nearest(key, allowed)} Allowed: {', '.join(allowed)}"
    return f"{where}: {_words(mistake)}{_given(mistake, place)}"


def _dotted(section: list[str]) -> str:
    return ".".join(section)


def _words(mistake: Mapping[str, Any]) -> str:
    """What is wrong, in the words of the file's author."""
    words = {"missing": "it must be given", "model_type": "a table is needed here", "dict_type": "a table is needed here"}
    return words.get(mistake["type"], str(mistake["msg"]).removeprefix("Value error, "))


def _given(mistake: Mapping[str, Any], place: list[str]) -> str:
    """The value given, and the nearest allowed one. Not where it is a secret, or stands where a whole table with secrets should."""
    value = mistake["input"]
    if set(place) & SECRETS or mistake["type"] in ("model_type", "dict_type", "value_error") or not isinstance(value, str | int | float):
        return ""
    allowed = re.findall(r"'([^']+)'", str(mistake.get("ctx", {}).get("expected", "")))
    return f" (given: {value!r}).{nearest(str(value), allowed)}"


def _keys_at(section: list[str]) -> list[str]:
    """The keys that a section may have."""
    inner: dict[tuple[str, ...], type[BaseModel]] = {(): Target, ("database",): Database, ("limits",): Limits}
    model = User if section[2:3] == ["users"] else inner.get(tuple(section[2:]), Target) if section else Settings
    return list(model.model_fields)
