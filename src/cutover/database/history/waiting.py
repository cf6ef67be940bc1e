"""What the scripts on disk would still do to a database."""

from __future__ import annotations

import psycopg

from cutover.database.history import reading
from cutover.database.history.scripts import Script, on_disk, scripts_on_disk
from cutover.database.history.states import states
from cutover.database.session import DatabaseSilent, first_line, read_only
from cutover.database.site import Site
from cutover.evidence.examination import NotProven


def pending(site: Site, dsn: str) -> list[Script]:
    """What the history in the database at `dsn` (of the target, or a copy of it) has not applied
    yet, in the order in which Flyway would run it.

    A repeatable script that changed since is pending, too. A database without a history has had
    nothing. Raises `NotProven` where scripts or history cannot be read, and for a tool whose
    scripts cannot be run from here.
    """
    if site.migrations.tool != "flyway":
        raise NotProven(
            f"scripts of {site.migrations.tool} are programs: they are not run from here"
        )
    expected = scripts_on_disk(site)
    try:
        with read_only(dsn, site.database) as connection:
            rows = reading.rows_of(reading.lines(site, connection))
    except psycopg.Error as error:
        raise NotProven(f"the history cannot be read: {first_line(error)}") from None
    except DatabaseSilent as silence:
        raise NotProven(f"the history cannot be read: {silence}") from None
    except reading.NoHistory:
        return expected
    found = states(on_disk(site).scripts, rows, out_of_order=site.migrations.out_of_order)
    return [
        standing.script
        for standing in found
        if standing.script and standing.row is None and standing.state == "Pending"
    ]
