"""What judged: suite, plan, decisions, plugins, command line. A verdict says it of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class SuiteState(StrEnum):
    """How the checks and the code that judged stand to what was shipped."""

    SHIPPED = "the shipped suite"
    WITH_OWN = "the shipped suite with own checks"
    OWN_ONLY = "own checks only"
    CHANGED = "a shipped file was changed"
    UNKNOWN = "the shipped files cannot be compared with what was shipped"


@dataclass(frozen=True, order=True)
class ChangedFile:
    """A shipped file that is not as it was shipped. `change` is changed, missing or added."""

    path: str
    change: str


@dataclass(frozen=True, order=True)
class HashedFile:
    """A file that decides what is judged. `sha256` is empty where it cannot be read.

    `role` is a word such as plan, waivers or mapping. `entries` counts what a file of decisions
    holds; it is None for other files.
    """

    role: str
    path: str
    sha256: str
    entries: int | None = None


@dataclass(frozen=True)
class SuiteOrigin:
    """The suite that judged.

    `origin` is a commit, or the commit that the package was built from. `digest` is one SHA-256
    over all shipped files as they are. `own_checks` are node ids, `own_files` all files of the
    project that take part: checks, conftest.py files, pytest's configuration.
    """

    state: SuiteState
    origin: str
    digest: str
    own_checks: tuple[str, ...] = ()
    own_files: tuple[HashedFile, ...] = ()
    changed: tuple[ChangedFile, ...] = ()


@dataclass(frozen=True, order=True)
class PluginOrigin:
    """A pytest plugin, or a file that Python runs at its start, beyond the usual ones.

    `source` says how it came in: distribution, conftest, module, start-up.
    """

    name: str
    version: str
    path: str
    source: str


@dataclass(frozen=True)
class Invocation:
    """How pytest was called, redacted.

    `configuration` is the file that configures pytest, `from_file` the words of `addopts` in it,
    `overrides` those of `-o`, `environment` the variables that pytest and Python read.
    `other_variables` are the names of further variables that decide who answers, such as
    HTTPS_PROXY.
    """

    words: tuple[str, ...] = ()
    from_file: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    configuration: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    other_variables: tuple[str, ...] = ()
    python: str = ""


@dataclass(frozen=True)
class SettingsSources:
    """The keys that did not come from the settings file. Values are not kept: some are secret."""

    environment: tuple[str, ...] = ()
    command_line: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, order=True)
class LooseLimit:
    """A limit of the settings that proves less than its default.

    `is_size` is true of what only says how large a target is: a larger one is often simply true.
    """

    key: str
    value: str
    default: str
    is_size: bool = False


@dataclass(frozen=True)
class JudgedBy:
    """All that decided what a verdict says, beside the target itself.

    `digest` holds the SHA-256 of each part of the digest in `VerdictSubject.settings`: where two
    runs have two digests, they show which part differs. `own_plan` is true where the plan
    is not the shipped one.
    """

    suite: SuiteOrigin
    own_plan: bool = False
    files: tuple[HashedFile, ...] = ()
    plugins: tuple[PluginOrigin, ...] = ()
    invocation: Invocation = Invocation()
    settings: SettingsSources = SettingsSources()
    loose_limits: tuple[LooseLimit, ...] = ()
    digest: Mapping[str, str] = field(default_factory=dict)
