"""The files that decide what is judged: plan, decisions, mapping, scripts, with their hashes."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path

from cutover_gates.core.judged_by import HashedFile
from cutover_gates.core.tables import read_table
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.settings_files import find_plan
from cutover_gates.util.files import hash_file
from cutover_gates.util.shipped_files import FOLDER, shipped_root

DECISION_TABLES = {"waivers": "waiver", "sign-offs": "signoff", "accepted findings": "finding"}
"""The table of each file of decisions, whose rows are counted."""
OWN_MODULE = "own module"
WRITTEN_MEANWHILE = frozenset({*DECISION_TABLES, "compared with", OWN_MODULE})
"""Roles of files that may be written while a gate runs: decisions are read once, at the start.

Modules are loaded, and so become known, while it runs.
"""


def list_judging_files(run: PytestRun, modules: Iterable[Path]) -> tuple[HashedFile, ...]:
    """Return each file that decides what is judged, in a fixed order; missing ones are left out.

    `modules` are those of the project that the run has loaded.
    """
    files = [_hash(run, role, path) for role, path in _list_paths(run)]
    known = {file.path for file in files}
    own = [_hash(run, OWN_MODULE, path) for path in modules]
    files += [file for file in own if file.path not in known]
    return tuple(file for file in files if file.sha256)


def list_fixed_paths(run: PytestRun) -> list[tuple[str, Path]]:
    """Return name and path of each file that may not be written while a gate runs."""
    paths = [path for role, path in _list_paths(run) if role not in WRITTEN_MEANWHILE]
    return [(_shorten(run, path), path) for path in paths]


def list_input_paths(run: PytestRun) -> list[Path]:
    """Return each file that decides what is judged, whether it is there or not."""
    return [path for _, path in _list_paths(run)]


def _hash(run: PytestRun, role: str, path: Path) -> HashedFile:
    entries = len(run.plan.items) if role == "plan" else _count_entries(role, path)
    return HashedFile(role, _shorten(run, path), hash_file(path), entries)


def _list_paths(run: PytestRun) -> Iterator[tuple[str, Path]]:
    settings, target = run.settings, run.settings.chosen_target
    yield "plan", find_plan(settings, run.root)
    yield "settings", settings.file
    yield "waivers", settings.resolve_path(settings.waivers)
    yield "sign-offs", settings.resolve_path(settings.signoffs)
    yield "accepted findings", accepted_findings_path(run)
    named = {
        "mapping": target.mapping,
        "document": target.contract.document,
        "previous document": target.contract.previous_document,
        "expected catalog": target.migrations.expected_catalog,
    }
    for role, path in named.items():
        if path is not None:
            yield role, settings.resolve_path(path)
    yield from (("compared with", path) for path in _list_recordings(run))
    for source in _list_driver_sources(target.driver):
        yield "driver", source
    for location in target.migrations.locations:
        for script in _list_scripts(settings.resolve_path(location)):
            yield "migration script", script


def _list_recordings(run: PytestRun) -> list[Path]:
    """Return the snapshots and the baseline that a run may be compared with.

    An ephemeral target has none: what it is compared with is made anew for each run.
    """
    settings, target = run.settings, run.settings.chosen_target
    if target.kind != "remote":
        return []
    folder = settings.resolve_path(settings.reports).parent
    recordings = sorted((folder / "snapshots" / settings.target).glob("*.json.gz"))
    name = target.performance.baseline.name
    return [
        *recordings,
        *([folder / "baselines" / settings.target / f"{name}.json"] if name else []),
    ]


def accepted_findings_path(run: PytestRun) -> Path:
    """Return the file of the findings of the contract that named persons accept."""
    default = Path("known_failures", f"{run.settings.target}.toml")
    return run.settings.resolve_path(run.settings.chosen_target.contract.accepted or default)


def _list_driver_sources(driver: str) -> list[Path]:
    """Return the source of the user's own driver, with the other modules of its package."""
    module = driver.partition(":")[0]
    if ":" not in driver:
        return []
    try:
        spec = importlib.util.find_spec(module)
    except Exception:  # importing the package above may raise anything; the run itself says so
        return []
    if spec is None or spec.origin is None:
        return []
    source = Path(spec.origin)
    return sorted(source.parent.glob("*.py")) if "." in module else [source]


def _list_scripts(folder: Path) -> list[Path]:
    paths = [folder] if folder.is_file() else sorted(folder.rglob("*"))
    return [path for path in paths if path.is_file() and "__pycache__" not in path.parts]


def _count_entries(role: str, path: Path) -> int | None:
    """Return how many decisions a file holds; None for other files and for one that is broken."""
    if role not in DECISION_TABLES or not path.is_file():
        return None
    try:
        rows = read_table(path, ValueError).get(DECISION_TABLES[role], ())
    except ValueError:
        return None
    return len(rows) if isinstance(rows, list) else None


def _shorten(run: PytestRun, path: Path) -> str:
    """Return a path relative to the project or to the shipped files; else as it is."""
    path = path.resolve()
    folder = run.settings.resolve_path(Path()).resolve()
    for root, name in ((folder, ""), (run.root.resolve(), ""), (shipped_root(), f"{FOLDER}/")):
        if path.is_relative_to(root):
            return f"{name}{path.relative_to(root).as_posix()}"
    return str(path)


def describe_changed(before: tuple[HashedFile, ...], after: tuple[HashedFile, ...]) -> str:
    """Return a sentence where a file that decides what is asked was changed; empty otherwise."""
    old = {file for file in before if file.role not in WRITTEN_MEANWHILE}
    new = {file for file in after if file.role not in WRITTEN_MEANWHILE}
    names = sorted({file.path for file in old ^ new})
    if not names:
        return ""
    return (
        f"{', '.join(names)} changed while the gate ran, so some checks may have been asked with"
        " one version and some with another: run the gate again"
    )
