"""What may not be done to a production target, as an error of its own: it says that the suite was
wrong, never the target.
"""

from __future__ import annotations

SYNTHETIC = "cutover.synthetic"
"""The httpx request extension that marks a request as one of the driver's own operations on
synthetic things.
"""

READING = frozenset({"GET", "HEAD", "OPTIONS"})


class GuardError(Exception):
    """The suite was about to do something to a production target that it must not do.

    Nothing was sent.
    """
