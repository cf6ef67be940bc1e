"""The database after a rollback: restored, or left with the schema of the new release."""
