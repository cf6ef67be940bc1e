"""Rows: counts and contents of a database, compared with a snapshot from before the migration."""
