"""The migrations that a database has had, compared with the release's scripts."""
