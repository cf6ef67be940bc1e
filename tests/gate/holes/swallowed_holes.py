"""Holes of assertions that fail or never run, and nobody hears of it: all of them were a GO once.

`HONEST` has what looks alike and is right: it must not fail a check.
"""

from __future__ import annotations

from tests.gate.holes.catalogue import BODY, SIGN_IN, Change, Hole, both, file, swap
from tests.gate.holes.slip_holes import DEFINITION, SILENT
from tests.gate.holes.toy_project import Toy

HELPERS = """
import asyncio, contextlib, os, time

def fail():
    assert 1 == 2, 'in a helper'

async def fail_later():
    fail()

def matches(number):
    try:
        assert number > 1
        return True
    except AssertionError:
        return False

def wait_for(condition, seconds=5):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            condition()
            return True
        except AssertionError:
            time.sleep(0.01)
    return False

"""
WAITING = """
def test_a_check_waits(recorder):
    recorder.observe("waits", status=200)
    for n in range(5):
        try:
            assert (
                n > 3
            ), "not yet"
            break
        except AssertionError:
            time.sleep(0.01)

def test_a_helper_waits(recorder):
    recorder.observe("waits", status=200)
    tries = []
    def third():
        tries.append(1)
        assert len(tries) > 2
    assert wait_for(third)
    assert not wait_for(fail, 0.1)

def test_what_is_absent(recorder):
    recorder.observe("absent", status=200)
    with pytest.raises(AssertionError):
        fail()
    pytest.raises(AssertionError, fail)
    try:
        assert 1 == 2
    except AssertionError:
        pass
    else:
        pytest.fail("it is there")

def test_one_of_many(recorder):
    recorder.observe("many", status=200)
    assert any(matches(n) for n in (0, 1, 2))
    assert [n for n in (2, 0) if matches(n)] == [2]
    errors = []
    for n in (1, 2):
        try:
            assert n == 2
        except AssertionError as error:
            errors.append(error)
    assert len(errors) == 1

def test_results_that_are_read(recorder):
    recorder.observe("read", status=200)
    async def main():
        found = await asyncio.gather(fail_later(), return_exceptions=True)
        assert isinstance(found[0], AssertionError)
        late = asyncio.create_task(asyncio.sleep(9))
        late.cancel()
        await asyncio.gather(late, return_exceptions=True)
    asyncio.run(main())

def test_a_fork(recorder):
    recorder.observe("fork", status=200)
    if (child := os.fork()) == 0:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0

def test_a_server_of_its_own(recorder):
    recorder.observe("server", status=200)
    class Receiver:
        def do_POST(self):
            assert self
        def test_mode(self):
            return True
    assert Receiver()
"""
FORKED = ("if os.fork() == 0:", "    assert 1 == 2, 'in a fork'", "os.wait()")


def honest(toy: Toy) -> None:
    """Checks that catch assertions, and make something of them."""
    text = (toy.folder / SIGN_IN).read_text(encoding="utf-8")
    toy.write(SIGN_IN, f"{HELPERS}{text}{WAITING}")


def ends(*lines: str) -> Change:
    """Lines after the check's own, and helpers before it."""
    text = "\n".join([BODY, *(f"    {line}" for line in lines)])
    return both(swap(DEFINITION, HELPERS + DEFINITION), swap(BODY, text))


def lost(name: str, *lines: str, says: str = "something swallowed it", often: bool = False) -> Hole:
    """An assertion that fails in vain. Those that are tried `often` stand for the others."""
    return Hole(name, SILENT, ends(*lines), outcome="failed", says=says, thorough=not often)


def uncollected(name: str, text: str, holds: str, where: str = SIGN_IN) -> Hole:
    """A check that pytest never makes."""

    def change(toy: Toy) -> None:
        path = toy.folder / where
        before = path.read_text(encoding="utf-8") if path.exists() else "import pytest\n"
        toy.write(where, before + text)

    return Hole(name, SILENT, change, outcome="passed", holds=holds, thorough=True)


SWALLOWED = (
    lost("a helper's", "try:", "    fail()", "except Exception:", "    pass", often=True),
    lost("behind a text", "try:", "    fail()", "except Exception as e:", "    text = str(e)"),
    lost("suppress", "with contextlib.suppress(Exception):", "    fail()"),
    lost("a wide raises", "with pytest.raises(Exception):", "    assert 1 == 2"),
    lost("return in finally", "try:", "    fail()", "finally:", "    return"),
    lost("a helper that answers, and nobody listens", "matches(0)"),
    lost("a wait that gives up, and nobody listens", "wait_for(fail, 0.1)"),
    lost(
        "a wait that gives up in silence",
        *("n = 0", "while n < 3:", "    try:", "        assert n > 3", "        break"),
        *("    except AssertionError:", "        n += 1"),
        often=True,
    ),
    lost(
        "a context manager",
        *("class Quiet:", "    def __enter__(self):", "        return self"),
        *("    def __exit__(self, *error):", "        return True", "with Quiet():", "    fail()"),
    ),
    lost(
        "in a coroutine",
        *("async def main():", "    try:", "        await fail_later()"),
        *("    except AssertionError:", "        pass", "asyncio.run(main())"),
    ),
)
BESIDE = (
    lost(
        "gathered",
        *("async def main():", "    await asyncio.gather(fail_later(), return_exceptions=True)"),
        "asyncio.run(main())",
        says="nobody reads its results",
        often=True,
    ),
    lost("in a greenlet", "import gevent", "gevent.spawn(fail).join()", says="in a greenlet"),
    lost(
        "in a process",
        *("import multiprocessing", "fork = multiprocessing.get_context('fork')"),
        *("process = fork.Process(target=fail)", "process.start()", "process.join()"),
        says="ended the process",
    ),
    lost(
        "in a pool of threads",
        *("from multiprocessing.pool import ThreadPool", "with ThreadPool(1) as pool:"),
        "    pool.apply_async(fail).wait()",
        says="in a pool",
    ),
    lost("in a fork", *FORKED, says="a forked process failed", often=True),
    lost(
        "in a fork that swallows it",
        *("if os.fork() == 0:", "    try:", "        fail()", "    except Exception:"),
        *("        os._exit(0)", "os.wait()"),
    ),
    lost(
        "in a fork that nobody waits for",
        *("if os.fork() == 0:", "    time.sleep(1)", "    os._exit(0)"),
        says="still runs when the check ends",
    ),
    lost("a fork that goes on", "if os.fork():", "    os.wait()", says="went on after the check"),
)
ENDED = tuple(
    Hole(name, SILENT, ends(line), outcome="error", says="would replace pytest", thorough=thorough)
    for name, line, thorough in (
        ("another program", "os.execv('/bin/true', ['true'])", False),
        ("another program of the path", "os.execlp('true', 'true')", True),
    )
)
NEVER_RUN = (
    lost("behind a return", "return", "assert 1 == 2", says="never runs, and it asserts"),
    lost("under False", "if False:", "    assert 1 == 2", says="never run"),
    lost("uncalled", "def verify():", "    assert 1 == 2", says="is never called", often=True),
    lost("within", "def test_more():", "    assert 1 == 2", says="check the indentation"),
    lost("a name for a value", "assert (status := 200)", says="can never fail"),
    lost("a text for a value", "assert 1 == 2 if time is None else 'text'", says="can never fail"),
    lost("with itself", "n = 1", "assert n == n", says="can never fail"),
)
UNCOLLECTED = (
    uncollected(
        "a class of another name",
        "\nclass SignInTests:\n    def test_more(self):\n        assert False\n",
        "the class SignInTests holds checks",
    ),
    uncollected(
        "a function of another name",
        "\n@pytest.mark.plan('sign-in')\ndef tset_more():\n    assert False\n",
        "tset_more has a plan mark",
    ),
    uncollected(
        "a file of another name",
        "pytestmark = pytest.mark.plan('sign-in')\ndef test_more():\n    assert False\n",
        "name the file",
        "smoke/tests_more.py",
    ),
)
SHORTER = (
    Hole(
        "a hook that shortens a list of parameters",
        change=file(
            "smoke/conftest.py",
            "def pytest_generate_tests(metafunc):\n    for mark in"
            " metafunc.definition.iter_markers('parametrize'):\n        del mark.args[1][1:]\n",
        ),
        item="patients",
        says="1 of its 2 sets of parameters",
    ),
    Hole(
        "a known defect with --runxfail",
        ("--runxfail",),
        ends("pytest.xfail('known')"),
        outcome="failed",
        says="known",
    ),
)
HOLES = (*SWALLOWED, *BESIDE, *ENDED, *NEVER_RUN, *UNCOLLECTED, *SHORTER)
