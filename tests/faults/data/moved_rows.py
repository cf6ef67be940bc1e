"""Rows that are lost, changed or doubled on their way between tables, and columns filled wrongly.

The tables are of a billing that the release's own scripts do not touch; one more script of the night
renames, splits and merges them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cutover_gates.probes.database.moves import rules as moves_rules
from cutover_gates.probes.database.replay import rules as replay_rules
from cutover_gates.probes.database.rows import rules as rows_rules
from tests.faults.data.billing_nights import ROWS, TABLES
from tests.faults.data.data_fault import DataFault


class _Moved(DataFault):
    """A night on which the billing is rebuilt."""

    item = "content-unchanged"
    before = TABLES + ROWS
    perhaps: ClassVar[Mapping[str, str]] = {
        "row-counts": "rows that are lost or doubled are counted, too"
    }


class _Renamed(_Moved):
    hospital = "renamed"


class ARenameLosesInvoices(_Renamed):
    """120 of 12,000 invoices are never paid, and nobody is told."""

    statements = "DELETE FROM bills WHERE id % 100 = 0"
    breaks = (rows_rules.ROW_COUNT,)
    shows = "bills (was invoices)"


class ARenameChangesInvoices(_Renamed):
    """Twelve patients get a bill of another amount."""

    statements = "UPDATE bills SET amount = amount + 0.01 WHERE id % 1000 = 0"
    breaks = (rows_rules.CONTENT,)
    shows = "bills (was invoices)"


class _Split(_Moved):
    hospital = "split"


class ASplitLosesInvoices(_Split):
    """The invoices without a state fall between both tables."""

    statements = "DELETE FROM other_bills WHERE state IS NULL"
    breaks = (rows_rules.ROW_COUNT,)
    shows = "other_bills"


class ASplitForgetsACase(_Split):
    """The script and the settings share one mistake: a state that is null is not another state."""

    hospital = "split wrongly"
    breaks = (moves_rules.QUERIES_TAKE_ALL,)
    shows = "invoices"


class AMergeDoublesReceipts(_Moved):
    """Patients are thanked twice, and the books do not close."""

    hospital = "merged"
    statements = (
        "INSERT INTO papers SELECT kind, id + 90000, patient, amount FROM papers WHERE kind = 'r'"
    )
    breaks = (rows_rules.ROW_COUNT,)
    shows = "receipts"


class AMergeChangesReceipts(_Moved):
    """Seven patients are thanked for more than they paid."""

    hospital = "merged"
    statements = "UPDATE papers SET amount = amount + 1 WHERE kind = 'r' AND id < 8"
    breaks = (rows_rules.CONTENT,)
    shows = "receipts"


class AMergeIntoReceiptsChangesThem(_Moved):
    """As many receipts as before the night and invoices together, and three are of other patients."""

    hospital = "merged into receipts"
    statements = "UPDATE receipts SET patient = 'p1' WHERE id IN (90002, 90003, 90004)"
    breaks = (replay_rules.SAME_RESULT,)
    shows = "receipts"


class AMovedColumnIsSwapped(_Moved):
    """Two patients get each other's bill."""

    hospital = "column moved"
    statements = "UPDATE payers SET person = CASE invoice WHEN 1 THEN 'p2' ELSE 'p1' END WHERE invoice IN (1, 2)"
    breaks = (rows_rules.CONTENT,)
    shows = "payers"


class ATableWentNobodySaysWhere(_Moved):
    """Twelve thousand invoices are gone, declared as dropped, and that is all that is said."""

    hospital = "dropped"
    outcome = "not proven"
    breaks = (moves_rules.GONE_ACCOUNTED,)
    shows = "invoices"


class _Replayed(_Moved):
    hospital = "replayed"
    breaks = (replay_rules.SAME_RESULT,)


class ABackfillIsWrong(_Replayed):
    """4,999 amounts in a new column are those of others; nothing is declared."""

    statements = "UPDATE bills SET cents = 150 WHERE id < 5000"
    shows = "bills"


class ANewTableHoldsJunk(_Replayed):
    """50,000 patients are reminded of bills that they do not have."""

    statements = "INSERT INTO reminders SELECT n, n, 'Please pay' FROM generate_series(1, 50000) AS n; ANALYZE reminders"
    shows = "reminders"


class ARenameNobodyDeclaredLosesInvoices(_Replayed):
    """The replay knows of the rename, and that 120 rows are missing."""

    statements = "DELETE FROM bills WHERE id % 100 = 0"
    shows = "bills"


class _ByCircumstances(_Moved):
    """The scripts ask the clock and the session, so nobody can say what is right."""

    hospital = "by circumstances"
    outcome = "not proven"
    breaks = (replay_rules.DETERMINED,)


class EveryInvoiceIsOfAnotherYear(_ByCircumstances):
    """Each invoice is booked into the year before, and no replay knows the year of the night."""

    statements = "UPDATE invoices SET year = year - 1"
    shows = "invoices.year"


class EveryReceiptComesFromElsewhere(_ByCircumstances):
    """Each receipt names an address, which is the same in every replay and another on the target."""

    statements = "UPDATE receipts SET place = '10.9.9.9'"
    shows = "receipts | "
