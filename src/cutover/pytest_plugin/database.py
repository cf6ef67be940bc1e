"""The fixtures of the suite `migrations`: one for each question that a database can be asked.

Each examines the target through a `Site`. What costs much (counting, restoring, rehearsing) is done
once a run, whichever process asks first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cutover.evidence import Recorder
from cutover.evidence.examination import examinations_to
from cutover.pytest_plugin.progress import Teller
from cutover.pytest_plugin.run import Run
from cutover.settings import Settings
from cutover.targets import Standing

if TYPE_CHECKING:
    from cutover.database.backup import Backups
    from cutover.database.catalog import Schema
    from cutover.database.history import History
    from cutover.database.integrity import Integrity
    from cutover.database.rehearsal import Lint, Rehearsal, Staging
    from cutover.database.rows import Rows
    from cutover.database.server import Server
    from cutover.database.site import Site


@pytest.fixture(scope="session")
def site(
    run: Run,
    settings: Settings,
    standing: Standing,
    recorder: Recorder,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> Site:
    """The target's database with all that is needed to examine it."""
    teller = Teller(pytestconfig.pluginmanager.getplugin("capturemanager"))
    return replace(
        open_site(run, settings, standing, lambda: tmp_path_factory.mktemp("database")),
        record=examinations_to(recorder),
        say=teller,
    )


def open_site(
    run: Run, settings: Settings, standing: Standing, elsewhere: Callable[[], Path]
) -> Site:
    """`elsewhere` makes the folder for what is done once, where the run has none.

    Raises `SettingsError` or `NotOffered` without a database.
    """
    from pydantic import SecretStr

    from cutover.database.site import Budget, Site
    from cutover.pytest_plugin.fixtures import no_database

    if standing.database is None:
        raise no_database(settings, standing)
    migrations, reports = settings.chosen.migrations, settings.path(settings.reports)
    return Site(
        standing.name,
        standing.release,
        SecretStr(standing.database),
        settings.chosen.database,
        migrations,
        settings.path(Path()),
        reports.parent / "snapshots" / standing.name,
        reports,
        run.first_folder / "database" if run.folders else elsewhere(),
        Budget(run.started.timestamp() + migrations.budget_seconds),
        standby=SecretStr(standing.standby) if standing.standby else None,
        scratch_dsn=SecretStr(standing.scratch) if standing.scratch else None,
        backup=standing.backup,
    )


@pytest.fixture
def history(site: Site) -> History:
    """Which migrations are applied, and whether they are the ones on disk."""
    from cutover.database.history import History

    return History(site)


@pytest.fixture
def schema(site: Site) -> Schema:
    """Tables, columns, constraints and all else that the catalog holds, against what the scripts
    make.
    """
    from cutover.database.catalog import Schema

    return Schema(site)


@pytest.fixture
def rows(site: Site) -> Rows:
    """How many rows there are and what they hold, against the snapshot from before."""
    from cutover.database.rows import Rows

    return Rows(site)


@pytest.fixture
def integrity(site: Site) -> Integrity:
    """Whether constraints are valid, and true of the data."""
    from cutover.database.integrity import Integrity

    return Integrity(site)


@pytest.fixture
def server(site: Site) -> Server:
    """How the database server fares."""
    from cutover.database.server import Server

    return Server(site)


@pytest.fixture(scope="session")
def backups(site: Site) -> Backups:
    """The newest backup: found, whole, and restored."""
    from cutover.database.backup import Backups

    return Backups(site)


@pytest.fixture
def rehearsal(site: Site) -> Rehearsal:
    """The pending scripts, tried on a restored copy while somebody works with it."""
    from cutover.database.rehearsal import Rehearsal

    return Rehearsal(site)


@pytest.fixture
def lint(site: Site) -> Lint:
    """What a linter says of the pending scripts."""
    from cutover.database.rehearsal import Lint

    return Lint(site)


@pytest.fixture
def staging(site: Site) -> Staging:
    """What Phase 1 ended in on staging."""
    from cutover.database.rehearsal import Staging

    return Staging(site)
