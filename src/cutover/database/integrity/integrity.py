"""The questions to a database's integrity; each method answers one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cutover.database.integrity.reading import Reader, Seen, Unseen
from cutover.database.site import Site
from cutover.evidence.examination import Examination, NotProven

Look = Callable[[Site, Reader], Seen]


class Integrity:
    """What a database declares of its data, and whether it is true.

    Every method raises `NotProven` where nothing can be asked at all.
    """

    def __init__(self, site: Site) -> None:
        self.site = site

    def declared_valid(self) -> Examination:
        """Constraints are validated and enforced, indexes usable, triggers and rules on: so says
        the catalog.
        """
        from cutover.database.integrity.declarations import declared_valid

        return self._examine(
            "Constraints, indexes and triggers are in force", declared_valid, primary=True
        )

    def orphans(self) -> Examination:
        """Each foreign key's rows find the row that they refer to."""
        from cutover.database.integrity.references import orphans

        return self._examine("Every reference finds its row", orphans)

    def implied_keys(self) -> Examination:
        """The same for the keys that only the settings declare (`migrations.keys`).

        Raises `SettingsError`.
        """
        from cutover.database.integrity.references import implied_keys

        return self._examine(
            "Every reference that the settings declare finds its row", implied_keys
        )

    def duplicates(self) -> Examination:
        """What a unique index or an exclusion constraint allows once stands once in the table
        itself.
        """
        from cutover.database.integrity.uniqueness import duplicates

        return self._examine("What may stand only once does", duplicates)

    def nulls(self) -> Examination:
        """Columns that must have a value have one."""
        return self._of_each_row("nulls", "Columns that must have a value have one")

    def checks(self) -> Examination:
        """Every check of a table or of a domain is true of every row."""
        return self._of_each_row("checks", "Every check is true of every row")

    def generated(self) -> Examination:
        """Generated columns hold what their expressions give today."""
        return self._of_each_row("generated", "Generated columns hold what their expressions give")

    def partitions(self) -> Examination:
        """Each row is in the partition whose bounds it is in: elsewhere it is not found, and may
        stand twice.
        """
        return self._of_each_row("partitions", "Partitions hold what their bounds say")

    def sequences(self) -> Examination:
        """The next number of each sequence is not there yet, and enough are left."""
        from cutover.database.integrity.sequences import sequences

        return self._examine("Sequences are ahead of their columns", sequences, primary=True)

    def indexes_agree(self) -> Examination:
        """Each index holds what its table holds, in order.

        Takes at most half of the time that is left: without amcheck it is the dearest of all.
        """
        from cutover.database.integrity.indexes import indexes_agree

        bounded = Integrity(replace(self.site, budget=self.site.budget.share(0.5)))
        return bounded._examine("Indexes agree with their tables", indexes_agree)

    def _examine(self, title: str, look: Look, *, primary: bool = False) -> Examination:
        try:
            with Reader(self.site, primary=primary) as reader:
                seen = look(self.site, reader)
        except Unseen as why:
            raise NotProven(f"{title}: the catalog {why}") from None
        return self.site.examined(seen.examination(title))

    def _of_each_row(self, kind: str, title: str) -> Examination:
        """One pass over all tables answers all such questions, in whichever process asks first."""
        from cutover.database.integrity.values import values

        return self.site.examined(
            Seen(
                **self.site.once("integrity-of-each-row", lambda: values(self.site))[kind]
            ).examination(title)
        )
