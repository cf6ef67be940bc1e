"""Whether a database has had exactly the migrations of the release: what its history says, held
against the scripts on disk.
"""

from cutover.database.history.history import History, facts
from cutover.database.history.waiting import pending

__all__ = ["History", "facts", "pending"]
