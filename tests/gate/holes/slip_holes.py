"""Holes of whoever writes a check: it looks like an assertion, and asserts nothing.

All of them run with `-W ignore`: none of them may depend on a warning.
"""

from __future__ import annotations

from tests.gate.holes.catalogue import SIGN_IN, Hole, body, both, file, swap

SILENT = ("-W", "ignore", "-p", "no:threadexception", "-p", "no:unraisableexception")
DEFINITION = "def test_people_sign_in(recorder):"
WORK = "def work(*numbers):\n    assert 1 == 2, 'in the background'\n\n"
COROUTINE = "async def work():\n    assert 1 == 2, 'in the background'\n\n"
DELETED = "class Deleted:\n    def __del__(self):\n        assert 1 == 2, 'ignored'\n\n"
POOL = "from concurrent.futures import ThreadPoolExecutor"
RETRY = """import functools

def retry(function):
    @functools.wraps(function)
    def call(*arguments, **named):
        for _ in range(3):
            try:
                return function(*arguments, **named)
            except AssertionError:
                pass
    return call

@retry
"""
CLASS_OF_UNITTEST = """
import pytest, unittest

@pytest.mark.plan("sign-in")
class TestSignIn(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def keep(self, recorder):
        self.recorder = recorder

    def test_it(self):
        self.recorder.observe("sign-in", status=200)
        self.assertEqual(1, 2, "one is not two")
"""
TWO_METHODS = """
import pytest

@pytest.mark.plan("sign-in")
class TestSignIn:
    def test_it(self, recorder):
        assert 1 == 2

    def test_it(self, recorder):
        recorder.observe("sign-in", status=200)
"""


def slip(name: str, *lines: str, says: str, before: str = "", thorough: bool = False) -> Hole:
    """Return a hole of lines in the body, and of what stands before the check."""
    change = both(swap(DEFINITION, before + DEFINITION), body(*lines))
    return Hole(name, SILENT, change, outcome="failed", says=says, thorough=thorough)


HOLES = (
    slip(
        "a comparison that is returned",
        "recorder.observe('a', b=1)",
        "return 1 == 2",
        says="returned a bool",
    ),
    slip("an assertion of a tuple", "assert (1 == 2, 'text')", says="can never fail"),
    slip(
        "an assertion with a text instead of a condition",
        "assert 1 == 2 or 'text'",
        says="can never fail",
        thorough=True,
    ),
    slip(
        "an assertion of a generator",
        "assert (n == 2 for n in [1])",
        says="can never fail",
        thorough=True,
    ),
    slip(
        "a comparison without assert", "1 == 2", says="compares and asserts nothing", thorough=True
    ),
    slip("raises without with", "pytest.raises(ValueError)", says="without `with`", thorough=True),
    slip(
        "an assertion in a try that swallows it",
        "try:",
        "    assert 1 == 2",
        "except Exception:",
        "    pass",
        says="swallows the assertions",
    ),
    slip(
        "an assertion in suppress",
        "from contextlib import suppress",
        "with suppress(AssertionError):",
        "    assert 1 == 2",
        says="swallows the assertions",
        thorough=True,
    ),
    slip(
        "two functions of one name",
        before="def test_people_sign_in(recorder):\n    assert 1 == 2\n\n",
        says="more than once",
    ),
    Hole(
        "two methods of one name",
        SILENT,
        file(SIGN_IN, TWO_METHODS),
        outcome="failed",
        says="more than once",
        thorough=True,
    ),
    slip(
        "an assertion that fails in a thread",
        "import threading",
        "thread = threading.Thread(target=work)",
        "thread.start()",
        "thread.join()",
        before=WORK,
        says="in the background",
    ),
    slip(
        "an assertion that fails in a thread, with a hook of the check's own",
        "import threading",
        "threading.excepthook = lambda args: None",
        "thread = threading.Thread(target=work)",
        "thread.start()",
        "thread.join()",
        before=WORK,
        says="replaced threading.excepthook",
        thorough=True,
    ),
    slip(
        "a thread that outlives its check",
        "import threading",
        "threading.Thread(target=work).start()",
        before="def work():\n    import time\n    time.sleep(1)\n    assert 1 == 2\n\n",
        says="still runs when the check ends",
        thorough=True,
    ),
    slip(
        "an assertion in a future that nobody asks",
        POOL,
        "with ThreadPoolExecutor() as pool:",
        "    pool.map(work, [1, 2])",
        before=WORK,
        says="in the background",
    ),
    slip("a coroutine that nobody awaits", "work()", before=COROUTINE, says="was never awaited"),
    slip(
        "a task that nobody asks",
        "import asyncio",
        "asyncio.run(main())",
        before=(
            f"{COROUTINE}async def main():\n    import asyncio\n    task ="
            " asyncio.create_task(work())\n    await asyncio.sleep(0.01)\n\n"
        ),
        says="in the background",
        thorough=True,
    ),
    slip(
        "an assertion that Python ignores",
        "Deleted()",
        before=DELETED,
        says="ignored",
        thorough=True,
    ),
    Hole(
        "a subtest that fails",
        SILENT,
        both(
            swap("(recorder)", "(recorder, subtests)"),
            body("with subtests.test():", "    assert 1 == 2, 'the part'"),
        ),
        outcome="failed",
        says="the part",
        thorough=True,
    ),
    Hole(
        "a check that is a coroutine",
        SILENT,
        swap("def test_people", "async def test_people"),
        outcome="failed",
        says="not natively supported",
    ),
    Hole(
        "a check that yields", SILENT, body("yield"), outcome="error", says="yield", thorough=True
    ),
    Hole(
        "a retry of the check's own",
        SILENT,
        both(
            swap(DEFINITION, f"tries = []\n{RETRY}{DEFINITION}"),
            body("tries.append(1)", "assert len(tries) > 1"),
        ),
        says="something turned that into a pass",
    ),
    Hole(
        "a decorator that never calls the check",
        SILENT,
        both(
            swap(
                DEFINITION,
                f"{RETRY.replace('return function(*arguments, **named)', 'return None')}{DEFINITION}",
            ),
            body("assert 1 == 2"),
        ),
        says="never entered",
        thorough=True,
    ),
    Hole(
        "a failing TestCase says why without a traceback",
        SILENT,
        file(SIGN_IN, CLASS_OF_UNITTEST),
        outcome="failed",
        says="1 != 2 : one is not two",
        holds="cannot be counted",
        thorough=True,
    ),
    Hole(
        "an empty assertion in a helper",
        SILENT,
        file("smoke/conftest.py", "def assert_it(a):\n    assert (a == 1, 'text')\n"),
        outcome="passed",
        holds="smoke/conftest.py, line 2",
    ),
)
