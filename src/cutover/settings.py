"""Typed settings: `cutover.toml`, over it the environment (`CUTOVER_…`), over it the command line.

Secrets (`SecretStr` fields) come from the environment or from a `<name>_file`, never from the settings file.
Every mistake becomes a `SettingsError` that names section, key, the value given and the values allowed.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

FILE_NAME = "cutover.toml"
SECRETS = frozenset({"password", "dsn", "expired_token"})
USERS = ("registrar", "clinician", "auditor", "administrator", "outsider")


class SettingsError(ValueError):
    """The settings cannot be used; the message is one sentence for each mistake, for the person who wrote them."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Secretive(_Table):
    """A table with secrets: each may also be given as `<name>_file`, a path whose text (without the last line break) is the secret."""

    def secret(self, name: str) -> str | None:
        """The secret's value, from the environment or its file; None when it was not given. Raises `SettingsError` for an unreadable file."""
        given = getattr(self, name)
        if given is not None and given.get_secret_value():  # a variable that is set to nothing is as good as not set
            return str(given.get_secret_value())
        path = getattr(self, f"{name}_file")
        if path is None:
            return None
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{name}_file = {str(path)!r} cannot be read: {error.__class__.__name__}; mend the path or its permissions") from None


class User(_Secretive):
    """An account of the target that the checks sign in with."""

    username: str = Field(min_length=1)
    password: SecretStr | None = None
    password_file: Path | None = None


class Database(_Secretive):
    """A read-only way into the target's database. `rows` overrides the queries of `cutover/database/default_rows.toml`."""

    dsn: SecretStr | None = None
    dsn_file: Path | None = None
    rows: dict[str, str] = {}
    connect_seconds: float = Field(default=3, gt=0)
    statement_seconds: float = Field(default=5, gt=0)


class Limits(_Table):
    """What the target promises, and how long a check waits. Seconds and bytes."""

    document_bytes: int = Field(default=2 * 1024 * 1024, gt=0)
    document_types: tuple[str, ...] = ("application/pdf", "image/png", "image/jpeg", "text/plain")
    sign_in_failures: int = Field(default=5, gt=0)
    connect_seconds: float = Field(default=2, gt=0)
    request_seconds: float = Field(default=5, gt=0)
    patience_seconds: float = Field(default=6, gt=0)
    check_seconds: float = Field(default=60, gt=0)


class Target(_Secretive):
    """One system under test."""

    kind: Literal["embedded", "remote"] = "remote"
    url: str | None = None
    release: str | None = None
    production: bool = False
    driver: str = "rest"
    mapping: Path | None = None
    rest: dict[str, Any] | None = None
    users: dict[Literal["registrar", "clinician", "auditor", "administrator", "outsider"], User] = {}
    database: Database = Database()
    limits: Limits = Limits()
    not_applicable: dict[str, str] = {}
    unsupported: dict[str, str] = {}
    expired_token: SecretStr | None = None
    expired_token_file: Path | None = None

    @field_validator("not_applicable", "unsupported")
    @classmethod
    def _with_reasons(cls, value: dict[str, str]) -> dict[str, str]:
        for name, reason in value.items():
            if not reason.strip():
                raise ValueError(f"{name} needs a reason: an auditor will ask for it")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Target:
        if self.kind == "remote" and not self.url:
            raise ValueError("a remote target needs url, such as \"https://hospital.example.org\"")
        if self.kind == "embedded" and (self.url or self.production):
            raise ValueError("an embedded target brings its own url and is never production; write kind = \"remote\"")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError(f"url is {self.url!r}; it must begin with https:// or http://")
        if self.mapping and self.rest:
            raise ValueError("give mapping (a file) or rest (a table), not both")
        return self


class Settings(BaseSettings):
    """Everything that can be set. Paths are relative to the settings file's folder."""

    model_config = SettingsConfigDict(env_prefix="CUTOVER_", env_nested_delimiter="__", extra="forbid", frozen=True)

    target: str = "embedded"
    release: str | None = None
    plan: Path = Path("plan.toml")
    waivers: Path = Path("waivers.toml")
    signoffs: Path = Path("signoffs.toml")
    reports: Path = Path("reports/runs")
    targets: dict[str, Target] = {}

    file: ClassVar[Mapping[str, Any]] = {}
    _folder: Path = PrivateAttr(default=Path())

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource, file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line over environment over file; nothing else is read."""
        return init_settings, env_settings, _FileSource(settings_cls)

    @property
    def chosen(self) -> Target:
        """The target that this run is about. Raises `SettingsError` for an unknown name."""
        if self.target not in self.targets:
            raise SettingsError(f"target {self.target!r} is not declared; declared: {', '.join(sorted(self.targets))}.{_nearest(self.target, self.targets)}")
        return self.targets[self.target]

    def path(self, path: Path) -> Path:
        """A path of the settings, seen from the folder of the settings file."""
        return self._folder / path

    def digest(self) -> str:
        """SHA-256 over all settings but the secrets' values: two runs with one digest were asked the same."""
        shown = self.model_dump(mode="json")
        return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


class _FileSource(PydanticBaseSettingsSource):
    """The parsed settings file, handed over by `load_settings` (pydantic-settings' own TOML source cannot refuse a literal secret)."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return Settings.file.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict(Settings.file)


def load_settings(path: Path | None, folder: Path, **command_line: str | None) -> Settings:
    """Settings from `path` (or `folder/cutover.toml`, which may be missing), environment and command line.

    `command_line` values that are None were not given. Raises `SettingsError`.
    """
    if path is not None and not path.is_file():
        raise SettingsError(f"--cutover-config {path}: there is no such file")
    path = path or folder / FILE_NAME
    data = _read(path)
    _refuse_unknown_environment()
    Settings.file = _with_embedded(data)
    try:
        settings = Settings(**{key: value for key, value in command_line.items() if value is not None})  # type: ignore[arg-type]  # pydantic-settings types its own options only
    except ValidationError as error:
        raise SettingsError("\n".join(_teach(error, path.name))) from None
    finally:
        Settings.file = {}
    settings._folder = path.parent
    return settings


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name} is not valid TOML: {error}") from None
    for where in _literal_secrets(data):
        variable = "CUTOVER_" + "__".join(where).upper()
        raise SettingsError(f"{path.name}: {'.'.join(where)} is a secret and may not stand in the file: "
                            f"set the environment variable {variable}, or write {where[-1]}_file with the path of a file that holds it")
    return data


def _literal_secrets(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in table.items():
        if isinstance(value, dict) and key != "rest":
            yield from _literal_secrets(value, (*above, key))
        elif key in SECRETS:
            yield (*above, key)


def _with_embedded(data: Mapping[str, Any]) -> dict[str, Any]:
    """No configuration at all means the embedded target."""
    targets = data.get("targets", {})
    if not isinstance(targets, dict):
        return dict(data)
    return {**data, "targets": {"embedded": {"kind": "embedded", "release": "2.0.0"}, **targets}}


def _refuse_unknown_environment() -> None:
    fields = set(Settings.model_fields)
    for name in os.environ:
        if name.startswith("CUTOVER_") and name.removeprefix("CUTOVER_").split("__")[0].lower() not in fields:
            raise SettingsError(f"environment variable {name} sets nothing.{_nearest(name, {'CUTOVER_' + field.upper() for field in fields})}")


def _nearest(word: str, known: Any) -> str:
    found = difflib.get_close_matches(word, [str(name) for name in known], n=1, cutoff=0.5)
    return f" Did you mean {found[0]!r}?" if found else ""


def _teach(error: ValidationError, file: str) -> Iterator[str]:
    """One sentence for each mistake: section, key, value given, values allowed, the nearest known key."""
    for mistake in error.errors():
        *section, key = [str(part) for part in mistake["loc"] if part != "[key]"] or [""]
        where = f"{file} or environment, section [{'.'.join(section)}], key {key!r}" if section else f"{file} or environment, key {key!r}"
        if mistake["type"] == "extra_forbidden":
            allowed = _fields_at(section)
            yield f"{where}: unknown key.{_nearest(key, allowed)} Allowed: {', '.join(allowed)}"
        else:
            given = "" if set(section + [key]) & SECRETS or isinstance(mistake["input"], dict) else f" (given: {mistake['input']!r})"
            yield f"{where}: {mistake['msg'].removeprefix('Value error, ')}{given}"


def _fields_at(section: list[str]) -> list[str]:
    """The keys that a section may have: the section's last name, or its table's, says which model it is."""
    models: dict[str, type[BaseModel]] = {"users": User, "database": Database, "limits": Limits, "targets": Target}
    for name in reversed(section):
        if name in models:
            return list(models[name].model_fields)
    return list(Settings.model_fields)
