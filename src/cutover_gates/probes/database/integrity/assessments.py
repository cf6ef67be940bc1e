"""The questions to a database's integrity; each method answers one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cutover_gates.core.evidence.assessment import (
    Assessment,
    AssessmentBuilder,
    NotProven,
    NotReadable,
)
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import DatabaseContext

IntegrityCheck = Callable[[DatabaseContext, BoundedReader], AssessmentBuilder]


class IntegrityAssessments:
    """What a database declares of its data, and whether it is true.

    Every method raises `NotProven` where nothing can be asked at all.
    """

    def __init__(self, site: DatabaseContext) -> None:
        self.site = site

    def assess_declarations(self) -> Assessment:
        """Constraints are validated and enforced, indexes usable, triggers and rules on: so says
        the catalog.
        """
        from cutover_gates.probes.database.integrity.constraint_flags import check_declarations

        return self._assess(
            "Constraints, indexes and triggers are in force", check_declarations, primary=True
        )

    def assess_foreign_keys(self) -> Assessment:
        """Each foreign key's rows find the row that they refer to."""
        from cutover_gates.probes.database.integrity.foreign_keys import check_foreign_keys

        return self._assess("Every reference finds its row", check_foreign_keys)

    def assess_implied_keys(self) -> Assessment:
        """The same for the keys that only the settings declare (`migrations.keys`).

        Raises `SettingsError`.
        """
        from cutover_gates.probes.database.integrity.foreign_keys import check_implied_keys

        return self._assess(
            "Every reference that the settings declare finds its row", check_implied_keys
        )

    def assess_duplicates(self) -> Assessment:
        """What a unique index or an exclusion constraint allows once stands once in the table
        itself.
        """
        from cutover_gates.probes.database.integrity.uniqueness import check_duplicates

        return self._assess("What may stand only once does", check_duplicates)

    def assess_nulls(self) -> Assessment:
        """Columns that must have a value have one."""
        return self._assess_each_row("nulls", "Columns that must have a value have one")

    def assess_check_constraints(self) -> Assessment:
        """Every check of a table or of a domain is true of every row."""
        return self._assess_each_row("checks", "Every check is true of every row")

    def assess_generated_columns(self) -> Assessment:
        """Generated columns hold what their expressions give today."""
        return self._assess_each_row(
            "generated", "Generated columns hold what their expressions give"
        )

    def assess_partitions(self) -> Assessment:
        """Each row is in the partition whose bounds it is in: elsewhere it is not found, and may
        stand twice.
        """
        return self._assess_each_row("partitions", "Partitions hold what their bounds say")

    def assess_sequences(self) -> Assessment:
        """The next number of each sequence is not there yet, and enough are left."""
        from cutover_gates.probes.database.integrity.sequences import check_sequences

        return self._assess("Sequences are ahead of their columns", check_sequences, primary=True)

    def assess_indexes(self) -> Assessment:
        """Each index holds what its table holds, in order.

        Takes at most half of the time that is left: without amcheck it is the dearest of all.
        """
        from cutover_gates.probes.database.integrity.index_consistency import check_indexes

        bounded = IntegrityAssessments(replace(self.site, budget=self.site.budget.take_share(0.5)))
        return bounded._assess("Indexes agree with their tables", check_indexes)

    def _assess(self, title: str, look: IntegrityCheck, *, primary: bool = False) -> Assessment:
        try:
            with BoundedReader(self.site, primary=primary) as reader:
                seen = look(self.site, reader)
        except NotReadable as why:
            raise NotProven(f"{title}: the catalog {why}") from None
        return self.site.record_assessment(seen.build(title))

    def _assess_each_row(self, kind: str, title: str) -> Assessment:
        """One pass over all tables answers all such questions, in whichever process asks first."""
        from cutover_gates.probes.database.integrity.row_constraints import check_row_constraints

        return self.site.record_assessment(
            AssessmentBuilder(
                **self.site.compute_once(
                    "integrity-of-each-row", lambda: check_row_constraints(self.site)
                )[kind]
            ).build(title)
        )
