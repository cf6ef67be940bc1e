"""Declarations of a database about its data, compared with every row.

    integrity = IntegrityAssessments(context)
    assert_passed(integrity.assess_foreign_keys())

No flag of the catalog is trusted: rows that were loaded while triggers were off, or under a damaged
index, break a constraint that the catalog calls valid.
"""
