"""Whether this process is asked to stop: then readiness says no, and running requests end.

One process serves one application, so this is one event of the process.
"""

from __future__ import annotations

import threading

requested = threading.Event()
"""Set by SIGTERM, by Ctrl-C, and when the parent is gone."""
