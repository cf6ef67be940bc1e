"""The private part of schemathesis that a run replaces is still there, and is still used."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import inspect
from schemathesis.engine.context import EngineContext
from schemathesis.specs.openapi import checks
from cutover_gates.probes.api.fuzzing.schemathesis_internals import (
    accept_refusals, disable_operation_shares, withhold_header
)

signatures = [
    list(inspect.signature(method).parameters)
    for method in (EngineContext.take_operation_slice, EngineContext.release_operation_slice)
]
assert signatures[0] == signatures[1], signatures
disable_operation_shares()
assert EngineContext.take_operation_slice is EngineContext.release_operation_slice

source = inspect.getsource(checks.ignored_auth)
for call, times in (("remove_auth(case, security_parameters)", 2), ("_raise_no_auth_error(", 4)):
    assert source.count(call) == times, (call, source)
assert list(inspect.signature(checks._raise_no_auth_error).parameters) == [
    "response", "case", "auth"
]
before = checks.remove_auth
withhold_header("X-Session")
accept_refusals(lambda answer: True)
assert checks.remove_auth is not before
assert checks._raise_no_auth_error(None, None, None) is None
"""


def test_the_private_part_of_schemathesis_is_still_there() -> None:
    """Where this fails, look at how schemathesis shares the time of a run, and adapt the module.

    In a process of its own: schemathesis takes a second to load, and stays out of pytest's.
    """
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
