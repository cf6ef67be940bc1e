"""The scripts of the release on disk, as Flyway finds them: in `migrations.locations` and below.

`load_install_scripts(context)` gives what an empty database gets in the cutover's night, in order:
the highest baseline script, the versions above it, the repeatable scripts.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cutover_gates.core.findings import Finding, NotProven, gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.flyway_conventions import (
    ScriptName,
    Version,
    compute_checksum,
    parse_script_name,
    replace_placeholders,
    resembles_migration,
)
from cutover_gates.probes.database.history.scripts_of_night import (
    find_missing_point,
    read_point,
    select_of_night,
)

DEFAULT_FLYWAY_TABLE = "flyway_schema_history"


@dataclass(frozen=True)
class MigrationScript:
    """One file.

    `file_name` is relative to its location with `/` between folders, as the history has it.
    `checksum` is Flyway's, for a repeatable script with `${name}` filled in; `sha256` is the
    file's.
    """

    kind: str
    version: Version | None
    description: str
    file_name: str
    path: Path
    content: bytes
    checksum: int
    sha256: str

    @property
    def raw_checksum(self) -> int:
        """The checksum without filled-in placeholders, which Flyway accepts for a repeatable."""
        return compute_checksum(self.content)


@dataclass(frozen=True)
class ScriptsOnDisk:
    """All scripts by kind and version, U and B too.

    `rejections` are what Flyway would refuse to run with, `overlooked_files` what it would ignore.
    """

    scripts: tuple[MigrationScript, ...]
    rejections: tuple[Finding, ...] = ()
    overlooked_files: tuple[Finding, ...] = ()


def load_install_scripts(context: DatabaseContext) -> list[MigrationScript]:
    """Return what an empty database gets, in the order of execution. The list is never empty.

    What stands above the point of no return is left out. Raises `NotProven` where there is no
    script, no such folder, or Flyway itself would refuse.
    """
    on_disk = load_scripts(context)
    if on_disk.rejections:
        raise NotProven(gaps=on_disk.rejections)
    return select_install_scripts(select_of_night(on_disk.scripts, read_point(context.migrations)))


def select_install_scripts(scripts: Iterable[MigrationScript]) -> list[MigrationScript]:
    """Return those of all scripts that an empty database gets, in order.

    The highest baseline script stands for every version up to its own.
    """
    by_kind = defaultdict[str, list[MigrationScript]](list)
    for script in scripts:
        by_kind[script.kind].append(script)
    baselines = sorted(by_kind["B"], key=_version_numbers)[-1:]
    start = _version_numbers(baselines[0]) if baselines else (-1,)
    versioned = [script for script in by_kind["V"] if _version_numbers(script) > start]
    return [
        *baselines,
        *sorted(versioned, key=_version_numbers),
        *sorted(by_kind["R"], key=lambda script: script.description),
    ]


def load_scripts(context: DatabaseContext) -> ScriptsOnDisk:
    """Return everything in the locations.

    Raises `NotProven` where no location is set, one is no folder, or none holds a script.
    """
    scripts: list[MigrationScript] = []
    rejections: list[Finding] = []
    overlooked: list[Finding] = []
    for location, path in _iter_files(context):
        file_name = path.relative_to(location).as_posix()
        name = parse_script_name(path.name)
        # Other files, such as callbacks, are not migrations.
        if name is None:
            if resembles_migration(path.name):
                overlooked.append(_unusable(file_name, "a name like V7__what_it_does.sql"))
            continue
        try:
            scripts.append(_load_script(context, name, file_name, path))
        except UnicodeDecodeError:
            rejections.append(_unusable(file_name, "UTF-8"))
    if not scripts and not rejections:
        locations = ", ".join(map(str, context.migrations.locations))
        raise gap_error(rules.SCRIPTS_FOUND, locations, "it holds no script of the release")
    scripts.sort(key=lambda script: (script.kind, _version_numbers(script), script.description))
    rejections += _find_duplicates(scripts)
    rejections += find_missing_point(scripts, read_point(context.migrations))
    return ScriptsOnDisk(tuple(scripts), tuple(rejections), tuple(overlooked))


def collect_placeholders(context: DatabaseContext, file_name: str) -> dict[str, str]:
    """Return the placeholders of the settings, and those of Flyway's own that are known here."""
    return {
        "flyway:defaultSchema": context.migrations.schemas[0],
        "flyway:table": context.migrations.history_table or DEFAULT_FLYWAY_TABLE,
        "flyway:filename": file_name,
        **context.migrations.placeholders,
    }


def iter_locations(context: DatabaseContext) -> Iterator[Path]:
    """Yield the folders of the scripts.

    Raises `NotProven` where the settings name none, or one does not exist.
    """
    setting = "migrations.locations"
    if not context.migrations.locations:
        raise gap_error(rules.SCRIPTS_FOUND, setting, "it names no folder of scripts")
    for location in map(context.resolve_path, context.migrations.locations):
        if not location.is_dir():
            raise gap_error(rules.SCRIPTS_FOUND, setting, f"{location} is not a folder")
        yield location


def _iter_files(context: DatabaseContext) -> Iterator[tuple[Path, Path]]:
    """Yield each file with its location."""
    for location in iter_locations(context):
        for path in sorted(location.rglob("*")):
            if path.is_file():
                yield location, path


def _load_script(
    context: DatabaseContext, name: ScriptName, file_name: str, path: Path
) -> MigrationScript:
    """Return the script of a file. Raises `UnicodeDecodeError`."""
    content = checked = path.read_bytes()
    # Flyway computes the checksum of a repeatable script after filling in placeholders, so that
    # another value makes it run again.
    if name.kind == "R":
        placeholders = collect_placeholders(context, path.name)
        checked = replace_placeholders(content.decode("utf-8"), placeholders).encode()
    return MigrationScript(
        name.kind,
        name.version,
        name.description,
        file_name,
        path,
        content,
        compute_checksum(checked),
        hashlib.sha256(content).hexdigest(),
    )


def _find_duplicates(scripts: Iterable[MigrationScript]) -> Iterator[Finding]:
    """Yield the scripts with one kind and version (R: description): Flyway refuses to run."""
    # Version 1.0 and 1 are equal, so the names alone do not show it.
    groups = defaultdict[tuple[object, ...], list[str]](list)
    for script in scripts:
        groups[script.kind, script.version or script.description].append(script.file_name)
    for names in groups.values():
        if len(names) > 1:
            yield Finding(
                rules.USABLE_SCRIPTS,
                " and ".join(names),
                "versions (or descriptions) of their own",
                "the same one",
            )


def _unusable(file_name: str, expected: str) -> Finding:
    return Finding(rules.USABLE_SCRIPTS, file_name, expected, "not so, so Flyway cannot use it")


def _version_numbers(script: MigrationScript) -> tuple[int, ...]:
    return script.version.numbers if script.version else ()
