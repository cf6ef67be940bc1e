"""The questions to a database's integrity; each method answers one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from cutover_gates.core.evidence.assessment import (
    Assessment,
    AssessmentBuilder,
    NotProven,
    NotReadable,
)
from cutover_gates.core.findings import Finding, Rule
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.integrity import rules
from cutover_gates.probes.database.integrity.constraint_flags import check_declarations
from cutover_gates.probes.database.integrity.foreign_keys import check_foreign_keys
from cutover_gates.probes.database.integrity.implied_keys import check_implied_keys
from cutover_gates.probes.database.integrity.index_consistency import UNIQUE, check_indexes
from cutover_gates.probes.database.integrity.row_constraints import check_row_constraints
from cutover_gates.probes.database.integrity.sequences import check_sequences
from cutover_gates.probes.database.integrity.uniqueness import check_duplicates

IntegrityCheck = Callable[[DatabaseContext, BoundedReader], AssessmentBuilder]

INDEX_SHARE = 0.5
"""Share of the remaining time that the indexes may take: without amcheck they cost most of all."""


class IntegrityAssessments:
    """Questions to what a database declares of its data, compared with the data.

    Every method raises `NotProven` where nothing can be read at all.
    """

    def __init__(
        self,
        context: DatabaseContext,
        read_unbroken: Callable[[], Mapping[str, Collection[str]]] = dict,
    ) -> None:
        """`read_unbroken` gives the conditions on rows that another pass has seen to hold."""
        self.context, self.read_unbroken = context, read_unbroken

    def assess_declarations(self) -> Assessment:
        """Check by the catalog's flags that constraints, indexes and triggers are in force."""
        return self._assess(rules.DECLARATIONS, check_declarations, primary=True)

    def assess_foreign_keys(self) -> Assessment:
        """Follow every foreign key, whatever its flags say."""
        return self._assess(rules.FOREIGN_KEYS, check_foreign_keys)

    def assess_implied_keys(self) -> Assessment:
        """Follow the references that only the settings declare (`migrations.keys`).

        Raises `SettingsError` for a key that does not fit the database.
        """
        return self._assess(rules.IMPLIED_KEYS, check_implied_keys)

    def assess_duplicates(self) -> Assessment:
        """Check unique indexes and exclusion constraints against the rows of the table itself.

        A unique index that was found equal to its table, and in order, proves it already.
        """
        proven = self._list_proven_indexes()
        return self._assess(
            rules.UNIQUE_VALUES,
            lambda context, reader: check_duplicates(context, reader, proven),
        )

    def _list_proven_indexes(self) -> frozenset[int]:
        """Return the oids of the indexes that the walk has proven to be unique."""
        try:
            return frozenset(self._walk_indexes_once().figures.get(UNIQUE, ()))
        except NotProven:
            return frozenset()

    def assess_nulls(self) -> Assessment:
        """Check that columns that must have a value have one."""
        return self._assess_each_row("nulls")

    def assess_check_constraints(self) -> Assessment:
        """Evaluate every check of a table or a domain for every row."""
        return self._assess_each_row("checks")

    def assess_generated_columns(self) -> Assessment:
        """Compute every generated column anew and compare."""
        return self._assess_each_row("generated")

    def assess_partitions(self) -> Assessment:
        """Check that each row is inside the bounds of its partition."""
        return self._assess_each_row("partitions")

    def assess_sequences(self) -> Assessment:
        """Check that the next number of each sequence is new, and that enough numbers are left."""
        return self._assess(rules.SEQUENCE_POSITION, check_sequences, primary=True)

    def assess_indexes(self) -> Assessment:
        """Check that each index holds what its table holds, in order.

        Takes at most half of the time that is left.
        """
        walked = self._walk_indexes_once()
        figures = {name: value for name, value in walked.figures.items() if name != UNIQUE}
        return self.context.record_assessment(replace(walked, figures=figures))

    def _walk_indexes_once(self) -> Assessment:
        # Two questions rest on it, whichever process asks first.
        plain = self.context.compute_once(
            "integrity-of-indexes", lambda: self._walk_indexes().to_plain()
        )
        return Assessment.from_plain(plain)

    def _walk_indexes(self) -> Assessment:
        budget = self.context.budget.take_share(INDEX_SHARE)
        context = replace(self.context, budget=budget, record=lambda _assessment: None)
        return IntegrityAssessments(context)._assess(rules.INDEX_CONTENT, check_indexes)

    def _assess(self, rule: Rule, check: IntegrityCheck, *, primary: bool = False) -> Assessment:
        try:
            with (
                BoundedReader(self.context, primary=primary) as reader,
                self.context.record_step(f"{rule.id} ({rule.title})"),
            ):
                builder = check(self.context, reader)
        except NotReadable as error:
            raise NotProven(gaps=(Finding(rule, "the catalog", "", str(error)),)) from None
        return self.context.record_assessment(builder.build(rule.title))

    def _assess_each_row(self, kind: str) -> Assessment:
        # One pass over all tables answers all questions about single rows, in whichever process
        # asks first: reading a large table is what costs.
        plain = self.context.compute_once(
            "integrity-of-each-row",
            lambda: check_row_constraints(self.context, self.read_unbroken()),
        )
        return self.context.record_assessment(Assessment.from_plain(plain[kind]))
