"""The scripts of the release on disk, as Flyway finds them: in the folders of
`migrations.locations`, and in those below.

`scripts_on_disk(site)` is what an empty database would be given, in order: the highest baseline
script, the versions above it, the repeatable ones.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history import flyway_conventions
from cutover_gates.probes.database.history.flyway_conventions import Version

DEFAULT_FLYWAY_TABLE = "flyway_schema_history"


@dataclass(frozen=True)
class MigrationScript:
    """One file.

    `file_name` is seen from its location, `/` between folders, as the history writes it.

    `checksum` is Flyway's, for R with `${name}` filled in; `sha256` is the file's.
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
        """The checksum without placeholders filled in, which Flyway accepts for a repeatable
        script, too.
        """
        return flyway_conventions.compute_checksum(self.content)


@dataclass(frozen=True)
class ScriptsOnDisk:
    """All scripts, U and B too, by kind and version; and, a sentence each, what Flyway would refuse
    to run with, and what it would not see.
    """

    scripts: tuple[MigrationScript, ...]
    rejections: tuple[str, ...] = ()
    overlooked_files: tuple[str, ...] = ()


def load_install_scripts(site: DatabaseContext) -> list[MigrationScript]:
    """What an empty database would be given, in the order in which it runs. Never an empty list.

    Raises `NotProven` where there is no script, no such folder, or where Flyway itself would refuse
    what it finds.
    """
    found = load_scripts(site)
    if found.rejections:
        raise NotProven(" ".join(found.rejections))
    return select_install_scripts(found.scripts)


def select_install_scripts(scripts: Iterable[MigrationScript]) -> list[MigrationScript]:
    """Of all scripts, those that an empty database is given, in order: the highest baseline script
    stands for every version up to its own.
    """
    everything = list(scripts)
    baselines = sorted(
        (script for script in everything if script.kind == "B"), key=_version_numbers
    )[-1:]
    start = _version_numbers(baselines[0]) if baselines else (-1,)
    versioned = sorted(
        (
            script
            for script in everything
            if script.kind == "V" and _version_numbers(script) > start
        ),
        key=_version_numbers,
    )
    repeatable = sorted(
        (script for script in everything if script.kind == "R"),
        key=lambda script: script.description,
    )
    return [*baselines, *versioned, *repeatable]


def load_scripts(site: DatabaseContext) -> ScriptsOnDisk:
    """Everything in the locations.

    Raises `NotProven` where no location is set, one is no folder, or none holds a script.
    """
    scripts, refused, overlooked = [], [], []
    for location, path in _iter_files(site):
        name, shown = (
            flyway_conventions.parse_script_name(path.name),
            path.relative_to(location).as_posix(),
        )
        if name is None:
            overlooked += (
                [
                    f"{shown} looks like a migration, but Flyway does not see it: its name is not"
                    " like V7__what_it_does.sql."
                ]
                if flyway_conventions.resembles_migration(path.name)
                else []
            )
            continue
        try:
            scripts.append(_load_script(name, shown, path, collect_placeholders(site, path.name)))
        except UnicodeDecodeError:
            refused.append(f"{shown} is not UTF-8, so Flyway cannot read it.")
    if not scripts and not refused:
        raise NotProven(
            "no script of the release was found in"
            f" {', '.join(map(str, site.migrations.locations))}: an empty location proves nothing"
        )
    scripts.sort(key=lambda script: (script.kind, _version_numbers(script), script.description))
    return ScriptsOnDisk(tuple(scripts), (*refused, *_find_duplicates(scripts)), tuple(overlooked))


def collect_placeholders(site: DatabaseContext, file_name: str) -> dict[str, str]:
    """What the settings declare, and those of Flyway's own that can be known from here."""
    schema, table = (
        site.migrations.schemas[0],
        site.migrations.history_table or DEFAULT_FLYWAY_TABLE,
    )
    return {
        "flyway:defaultSchema": schema,
        "flyway:table": table,
        "flyway:filename": file_name,
        **site.migrations.placeholders,
    }


def _iter_files(site: DatabaseContext) -> Iterator[tuple[Path, Path]]:
    """Each file with the location that it was found in."""
    if not site.migrations.locations:
        raise NotProven(
            "no scripts were named to compare with: set the folder of the release's scripts as"
            " migrations.locations"
        )
    for location in map(site.resolve_path, site.migrations.locations):
        if not location.is_dir():
            raise NotProven(
                f"{location} (migrations.locations) is not a folder, so the release's scripts"
                " cannot be read"
            )
        yield from ((location, path) for path in sorted(location.rglob("*")) if path.is_file())


def _load_script(
    name: flyway_conventions.ScriptName, shown: str, path: Path, placeholders: Mapping[str, str]
) -> MigrationScript:
    content = path.read_bytes()
    read = (
        flyway_conventions.replace_placeholders(content.decode("utf-8"), placeholders).encode()
        if name.kind == "R"
        else content
    )
    return MigrationScript(
        name.kind,
        name.version,
        name.description,
        shown,
        path,
        content,
        flyway_conventions.compute_checksum(read),
        hashlib.sha256(content).hexdigest(),
    )


def _find_duplicates(scripts: Iterable[MigrationScript]) -> Iterator[str]:
    """Two scripts of one kind and version (or, for R, description): Flyway refuses to run with
    them.
    """
    same = defaultdict[tuple[object, ...], list[str]](list)
    for script in scripts:
        same[script.kind, script.version or script.description].append(script.file_name)
    for names in same.values():
        if len(names) > 1:
            yield (
                f"{' and '.join(names)} have the same version (or description), so Flyway refuses"
                " to run."
            )


def _version_numbers(script: MigrationScript) -> tuple[int, ...]:
    return script.version.numbers if script.version else ()
