"""The private part of schemathesis that a run replaces.

Under max-time schemathesis gives every operation a share of the time, cuts off what is slow at its
share, and calls the run complete. There is no setting against it. With this change every operation
is tested to its end, and what has no turn before the time is over is seen to be missing.

`tests/integration/api/test_schemathesis_internals.py` says when it breaks.
"""

from __future__ import annotations

from schemathesis.engine.context import EngineContext


def disable_operation_shares() -> None:
    """Give no operation a share of the time."""
    EngineContext.take_operation_slice = EngineContext.release_operation_slice  # type: ignore[method-assign]  # private: see above
