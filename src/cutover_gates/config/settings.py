"""All settings, and the order of their sources.

The command line goes before the environment, and the environment before the file.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, PrivateAttr, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from cutover_gates.config.attestation import Attestation, Person
from cutover_gates.config.base import LOOSER_ABOVE, SettingsError, SettingsTable
from cutover_gates.config.file_source import FileSource
from cutover_gates.config.production import find_contradiction
from cutover_gates.config.target import TARGET_NAME, Target
from cutover_gates.core.tables import suggest_nearest

CONTAINER_TARGET = "containers"
FILE_ARGUMENT = "settings_file"
"""The argument by which `load_settings` hands the parsed settings file to `Settings`."""


class Settings(BaseSettings):
    """Everything that can be set. Paths are relative to the settings file's folder."""

    # An empty variable counts as none: pipelines set one for every secret that they have not got.
    model_config = SettingsConfigDict(
        env_prefix="CUTOVER_",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
    )

    target: str = Field(
        default="embedded",
        description="The target to judge where the command line names none: one of `[targets]`.",
    )
    release: str | None = Field(
        default=None, description="The release under judgement, over the target's own `release`."
    )
    previous_release: str | None = Field(
        default=None,
        examples=["1.9.0"],
        description="The release before the cutover, over the target's own `previous_release`.",
    )
    plan: Path = Field(
        default=Path("plan.toml"), description="The cutover plan (`docs/your-plan.md`)."
    )
    waivers: Path = Field(
        default=Path("waivers.toml"), description="Decisions to go without an item."
    )
    signoffs: Path = Field(
        default=Path("signoffs.toml"), description="Attestations of what no program can check."
    )
    longest_waiver_days: float = Field(
        default=30,
        gt=0,
        le=366,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "The longest term of a waiver, a sign-off or an accepted finding, in days. A longer one"
            " does not count; the embedded demonstration's own are exempt, and shown as such."
        ),
    )
    declarations_days: float = Field(
        default=180,
        gt=0,
        le=1000,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "A declared fact (`capabilities`, `not_applicable`) that is older, in days, is told, so"
            " that somebody looks whether it still holds."
        ),
    )
    reports: Path = Field(
        default=Path("reports/runs"),
        description="The folder in which each run leaves its verdict and evidence.",
    )
    require_signed_decisions: bool = Field(
        default=False,
        description=(
            "True where a waiver or sign-off counts only with the signature of its person"
            " (`[people.NAME]`)."
        ),
    )
    attestation: Attestation = Field(
        default=Attestation(), description="How the evidence of a run is signed."
    )
    people: dict[str, Person] = Field(
        default={},
        description="The people who sign decisions, by a short name (`cutover-gates sign`).",
    )
    targets: dict[str, Target] = Field(
        default={},
        description=(
            "The systems that can be judged, by name: lower-case letters and digits, "
            "with single `-` or `_` between them."
        ),
    )

    _folder: Path = PrivateAttr(default=Path())
    _file: Path = PrivateAttr(default=Path())

    @field_validator("targets")
    @classmethod
    def _check_targets(cls, value: dict[str, Target]) -> dict[str, Target]:
        for name, target in value.items():
            # The environment could not name another: variables have no case, and two underscores
            # separate the parts of their names.
            if not TARGET_NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r} is no name for a target: write lower-case letters and digits, with"
                    " single - or _ between them"
                )
            if target.kind == "embedded" and not name.startswith("embedded"):
                raise ValueError(
                    f'target {name!r} is of kind "embedded": its name must begin with embedded, so'
                    " that its verdicts are not mistaken"
                )
        if contradiction := find_contradiction(value):
            raise ValueError(contradiction)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        # pydantic's signature
        dotenv_settings: PydanticBaseSettingsSource,  # pydantic's signature  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # pydantic passes them by name  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return command line over environment over file; nothing else is read."""
        assert isinstance(init_settings, InitSettingsSource)
        file = init_settings.init_kwargs.pop(FILE_ARGUMENT, {})
        return init_settings, env_settings, FileSource(settings_cls, file)

    @property
    def chosen_target(self) -> Target:
        """The target that this run is about. Raises `SettingsError` for an unknown name.

        `containers` need not be declared: it is the embedded hospital with its scratch databases in
        Docker containers.
        """
        if self.target == CONTAINER_TARGET and CONTAINER_TARGET not in self.targets:
            return _container_target(self.targets["embedded"])
        if self.target not in self.targets:
            declared = ", ".join(sorted(self.targets))
            raise SettingsError(
                f"target {self.target!r} is not declared; declared:"
                f" {declared}.{suggest_nearest(self.target, self.targets)}"
            )
        return self.targets[self.target]

    @property
    def file(self) -> Path:
        """The settings file; it may be missing."""
        return self._file

    def resolve_path(self, path: Path) -> Path:
        """A path of the settings, seen from the folder of the settings file."""
        return self._folder / path

    def read_secret(self, table: SettingsTable, name: str, section: str) -> str | None:
        """A secret's value, from the environment or its file; None when neither was given.

        Raises `SettingsError` for a file that gives none.

        `section` is where `table` stands, for the message. The text of the file counts without its
        last line break.
        """
        given, path = getattr(table, name), getattr(table, f"{name}_file")
        if given is not None:
            return str(given.get_secret_value())
        if path is None:
            return None
        try:
            text = self.resolve_path(path).read_text(encoding="utf-8").rstrip("\r\n")
        # The path is not shown: it may be the secret itself, written under the wrong key.
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"section [{section}], key '{name}_file': the file cannot be read"
                f" ({type(error).__name__}); correct the path or its permissions"
            ) from None
        if not text:
            raise SettingsError(f"section [{section}], key '{name}_file': the file is empty")
        return text


def _container_target(embedded: Target) -> Target:
    migrations = embedded.migrations
    scratch = migrations.scratch.model_copy(update={"kind": "container"})
    return embedded.model_copy(
        update={"migrations": migrations.model_copy(update={"scratch": scratch})}
    )
