"""What a database is made of, read from its catalog, and how that differs from what it should be
made of.

with site.connect() as connection:
    found = read_catalog(connection, site.migrations.schemas)
differences(expected, found, site.shown)      # ['The column visits.status: expected type "character
varying(16)", found "text".']
"""
