"""What is kept of every request of a load run: one record of twenty bytes, exact and complete.

Times are seconds. `due` (since the epoch) is when the request was meant to begin, `late` by how
much later it left, `took` how long after `due` its answer was there and read: a stall counts for
everyone who would have come, whether he could be sent or not.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

RECORD = np.dtype(
    [
        ("due", "<f8"),
        ("late", "<f4"),
        ("took", "<f4"),
        ("operation", "u1"),
        ("outcome", "u1"),
        ("status", "<u2"),
    ]
)
"""`operation` is an index into the brief's operations, `outcome` an `Ending`, `status` the HTTP
status or 0.
"""

Samples = NDArray[np.void]
"""Records in the order in which they ended."""


class Ending(IntEnum):
    """How a request ended. Only `WELL` and `CUT` are no errors."""

    WELL = 0
    REFUSED = 1  # the target said no
    NO_ANSWER = 2  # nothing came, or not in time
    WRONG = 3  # an answer that its protocol, or what was stored before, does not allow
    NOT_SENT = 4  # so many were waiting for their answers that it was not sent at all
    CUT = 5  # still without an answer when the run ended: no error, but it took at least so long
