"""Rows: counted, fingerprinted, and held against a snapshot."""

from cutover.database.rows.checks import Rows
from cutover.database.rows.figures import Figures, TableFigures
from cutover.database.rows.locating import Differing, differing_keys
from cutover.database.rows.measure import measure, measure_in
from cutover.database.rows.tables import Table, TableSpec, read_tables, spec_of

__all__ = [
    "Differing",
    "Figures",
    "Rows",
    "Table",
    "TableFigures",
    "TableSpec",
    "differing_keys",
    "measure",
    "measure_in",
    "read_tables",
    "spec_of",
]
