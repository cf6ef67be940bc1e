"""Whether what the database declares of its data is in force, and true of every row.

    integrity = Integrity(site)
    sound(integrity.orphans())        # every reference finds its row, also where PostgreSQL calls
    the key valid

No flag is believed: rows that were loaded while triggers were off, or under a damaged index, break
a constraint that the catalog calls valid.
"""
