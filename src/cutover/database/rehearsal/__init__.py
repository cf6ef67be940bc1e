"""The migration tried out before the night: its scripts run on a copy while somebody works with it,
they are linted, and staging had them already.
"""

from cutover.database.rehearsal.lint import Lint
from cutover.database.rehearsal.rehearsal import Rehearsal
from cutover.database.rehearsal.staging import Staging

__all__ = ["Lint", "Rehearsal", "Staging"]
