"""A database for each fault of the database cluster, and the checks that look at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cutover_gates.probes.database.backup.assessments import BackupAssessments
from cutover_gates.probes.database.health.assessments import ServerAssessments
from tests.faults import hospitals
from tests.faults.deployment.databases import Place, dump
from tests.faults.deployment.deployment_environment import checks
from tests.faults.results import CheckResult, run_check
from tests.integration.database.contexts import make_database_context

DATABASE = "database_cluster"


@contextmanager
def place_database(cluster: hospitals.Cluster, name: str, folder: Path) -> Iterator[Place]:
    """Yield a hospital's database after its cutover, with a fresh backup."""
    database = name.lower()
    cluster.server.copy(hospitals.MIGRATED, database)
    try:
        with ExitStack() as opened:
            place = Place(
                cluster.server,
                database,
                cluster.server.dsn(database),
                folder / "hospital.dump",
                opened,
            )
            dump(place, "--format=custom")
            yield place
    finally:
        cluster.server.drop(database)


def run_database_checks(place: Place, folder: Path) -> dict[str, CheckResult]:
    """Return how the checks of the database cluster end."""
    context = make_database_context(
        place.dsn,
        folder,
        backup={"path": str(place.backup)},
        standby_lag_seconds=place.standby_lag_seconds,
        standbys=place.standbys,
        archived=place.archived,
    )
    fixtures = {"server": ServerAssessments(context), "backups": BackupAssessments(context)}
    return {name: run_check(check, fixtures) for name, check in checks(DATABASE).items()}
