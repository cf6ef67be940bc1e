"""Where health ends.

None of these is a setting: a server beyond one is not fit for a cutover. Each is left in the
evidence beside what was measured.
"""

HEADROOM = 0.8
"""The part of the connections that may be taken."""
IDLE_SECONDS = 60.0
"""For a transaction whose session does nothing: it holds its locks, and keeps VACUUM from its work.
"""
TRANSACTION_SECONDS = 1800.0
"""For a transaction at all."""
BLOCKED_SECONDS = 5.0
"""That a session may wait for the lock of another one."""
PREPARED_SECONDS = 60.0
"""That a transaction may stand prepared (PREPARE TRANSACTION) before it counts as left behind."""
LAG_BYTES = 2**30
"""That a standby may have to replay yet."""
OLDEST_TRANSACTIONS = 1_000_000_000
"""Transactions since the oldest row was frozen; at 2**31 PostgreSQL stops taking writes."""
