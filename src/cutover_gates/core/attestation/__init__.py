"""Evidence that an auditor can check: sums of a run's files and a signed statement."""
