"""What a database is made of, read from its catalog, and how that differs from what it should be
made of.

with site.connect() as connection:
    found = read_catalog(connection, site.migrations.schemas)
differences(expected, found, site.shown)      # ['The column visits.status: expected type "character
varying(16)", found "text".']
"""

from cutover.database.catalog.comparing import differences
from cutover.database.catalog.model import Catalog
from cutover.database.catalog.reading import read_catalog
from cutover.database.catalog.schema import Schema

__all__ = ["Catalog", "Schema", "differences", "read_catalog"]
