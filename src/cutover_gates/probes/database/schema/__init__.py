"""The objects of a database, read from its catalog, and their differences from what is expected.

with context.connect() as connection:
    found = read_catalog(connection, context.migrations.schemas)
find_differences(expected, found, context.display_name, rules.SCRIPTED_SCHEMA)
"""
