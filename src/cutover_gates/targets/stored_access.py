"""Opens the reader of single rows of a target's database, where the target gives one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cutover_gates.config.settings import Settings
from cutover_gates.targets.running_target import RunningTarget

if TYPE_CHECKING:
    from cutover_gates.probes.database.stored_records import StoredRecords


@contextmanager
def open_stored_records(
    settings: Settings, target: RunningTarget
) -> Iterator[StoredRecords | None]:
    """Yield the reader of the target's rows until the block ends; None where it gives no database.

    No connection is opened before the first row is asked for.
    """
    if target.database is None:
        yield None
        return
    # here, because psycopg takes long to load (0.1 s), and not every target gives a database
    from cutover_gates.probes.database.stored_records import StoredRecords

    records = StoredRecords(target.database, settings.chosen_target.database)
    try:
        yield records
    finally:
        records.close()
