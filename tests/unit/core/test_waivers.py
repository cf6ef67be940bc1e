"""Waivers and sign-offs as files: read strictly, because a decision that is misread is a GO that
nobody decided.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from cutover_gates.core.plan_file import load_plan
from cutover_gates.core.waivers import Decision, DecisionError, load_decisions
from tests.shipped_plan import PLAN_FILE

ROOT = Path(__file__).resolve().parents[3]

ROW = """
[[waiver]]
item = "redis-cluster"
target = "production"
release = "2.0.0"
by = "Ada Example"
at = 2026-11-23
reason = "the cache is switched off this week"
expires = 2026-11-24
"""


def read(folder: Path, text: str, table: str = "waiver") -> tuple[Decision, ...]:
    path = folder / f"{table}s.toml"
    path.write_text(text, encoding="utf-8")
    return load_decisions(path, table)


def test_a_missing_file_holds_no_decision(tmp_path: Path) -> None:
    """Most teams waive nothing."""
    assert load_decisions(tmp_path / "waivers.toml", "waiver") == ()


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "waiver = []"])
def test_an_empty_file_holds_no_decision(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == ()


def test_a_date_counts_from_its_first_to_its_last_second(tmp_path: Path) -> None:
    """`at` is when the day begins, `expires` when it ends, both in UTC."""
    (found,) = read(tmp_path, ROW)
    assert found == Decision(
        "redis-cluster",
        "production",
        "2.0.0",
        "Ada Example",
        datetime(2026, 11, 23, tzinfo=UTC),
        "the cache is switched off this week",
        datetime(2026, 11, 24, 23, 59, 59, 999999, tzinfo=UTC),
        is_local=True,
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-24T02:00:00Z", datetime(2026, 11, 24, 2, tzinfo=UTC)),
        ("2026-11-24T02:00:00", datetime(2026, 11, 24, 2, tzinfo=UTC)),
        (
            "2026-11-24 02:00:00+01:00",
            datetime(2026, 11, 24, 2, tzinfo=timezone(timedelta(hours=1))),
        ),
    ],
)
def test_a_time_is_meant_in_its_zone_and_otherwise_in_utc(
    tmp_path: Path, written: str, meant: datetime
) -> None:
    (found,) = read(tmp_path, ROW.replace("expires = 2026-11-24", f"expires = {written}"))
    assert found.expires == meant


def test_decisions_keep_their_order(tmp_path: Path) -> None:
    """A verdict names them as their authors wrote them."""
    found = read(tmp_path, ROW + ROW.replace("redis-cluster", "dns-records"))
    assert [decision.item for decision in found] == ["redis-cluster", "dns-records"]


@pytest.mark.parametrize("key", ["item", "target", "release", "by", "at", "reason", "expires"])
def test_every_key_is_needed(tmp_path: Path, key: str) -> None:
    """Above all the expiry: a decision without one would stand for ever."""
    text = "\n".join(line for line in ROW.splitlines() if not line.startswith(f"{key} ="))
    with pytest.raises(
        DecisionError,
        match=rf"waivers.toml, waiver 1: '{key}' is missing; a decision says item, target",
    ):
        read(tmp_path, text)


@pytest.mark.parametrize("key", ["item", "target", "release", "by", "reason"])
@pytest.mark.parametrize("value", ['""', '"  "', "5", "true", "[]"])
def test_a_text_must_say_something(tmp_path: Path, key: str, value: str) -> None:
    """Above all the name and the reason: an auditor will ask for both."""
    text = "\n".join(
        f"{key} = {value}" if line.startswith(f"{key} =") else line for line in ROW.splitlines()
    )
    with pytest.raises(DecisionError, match=f"waiver 1: '{key}' must be a text that is not empty"):
        read(tmp_path, text)


@pytest.mark.parametrize("key", ["at", "expires"])
@pytest.mark.parametrize("value", ['"2026-11-24"', '"never"', "20261124", "02:00:00", "true"])
def test_a_moment_is_written_without_quotes(tmp_path: Path, key: str, value: str) -> None:
    """A text that looks like a date is not guessed at."""
    text = "\n".join(
        f"{key} = {value}" if line.startswith(f"{key} =") else line for line in ROW.splitlines()
    )
    with pytest.raises(
        DecisionError,
        match=f"waiver 1: {key} must be a date or a time without quotes, such as 2026-11-23",
    ):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            ROW + "expiry = 2026-01-01\n",
            "waiver 1: unknown key 'expiry'. Did you mean 'expires'? Allowed: item, target",
        ),
        (ROW.replace("[[waiver]]", "[[waivers]]"), "unknown table 'waivers'; write [[waiver]]"),
        (ROW.replace("[[waiver]]", "[waiver]"), "write [[waiver]] with two brackets"),
        ("waiver = [5]", "waiver 1 is 5; write a table with item, target"),
        ("waiver = ['redis-cluster']", "waiver 1 is 'redis-cluster'; write a table"),
        ("item = 'redis-cluster'", "unknown table 'item'; write [[waiver]]"),
        ("[[waiver]", "is not valid TOML"),
        (
            ROW + "covers = 'failures'\n",
            "waiver 1: 'covers' is 'failures'; write 'anything' or 'not proven'",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_its_remedy(
    tmp_path: Path, text: str, says: str
) -> None:
    """One sentence, and no decision of that file counts."""
    with pytest.raises(DecisionError) as error:
        read(tmp_path, text)
    assert str(error.value).startswith("waivers.toml")
    assert says in str(error.value)


def test_waivers_are_no_signatures(tmp_path: Path) -> None:
    """Each kind has its own file and table: nothing is signed by a waiver that slipped into the
    wrong one.
    """
    with pytest.raises(
        DecisionError, match=r"signoffs.toml: unknown table 'waiver'; write \[\[signoff\]\]"
    ):
        read(tmp_path, ROW, "signoff")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A folder in its place, or bytes that are no text."""
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    for path in (tmp_path, tmp_path / "bytes.toml"):
        with pytest.raises(DecisionError):
            load_decisions(path, "waiver")


def test_what_a_waiver_covers_can_be_said_and_a_signature_covers_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, ROW)[0].covers == "anything"
    assert read(tmp_path, ROW + "covers = 'not proven'\n")[0].covers == "not proven"
    with pytest.raises(DecisionError, match="unknown key 'covers'"):
        read(
            tmp_path,
            ROW.replace("[[waiver]]", "[[signoff]]") + "covers = 'not proven'\n",
            "signoff",
        )


@pytest.mark.parametrize("table", ["waiver", "signoff"])
def test_the_files_of_this_repository_decide_nothing_of_yours_and_show_how(
    tmp_path: Path, table: str
) -> None:
    """The active entries are the demonstration's, and go without nothing that failed; the commented
    one is a decision as soon as its marks are taken away.
    """
    path = ROOT / f"{table}s.toml"
    decisions = load_decisions(path, table)
    assert {one.target for one in decisions} <= {"embedded"}
    # A signature attests what no check can prove, so it has nothing to cover.
    assert table == "signoff" or {one.covers for one in decisions} <= {"not proven"}
    lines = path.read_text(encoding="utf-8").splitlines()
    example = [
        line[1:] for line in lines if line[:1] == "#" and line[1:2] not in ("", " ")
    ]  # prose has a space after the sign
    (found,) = read(tmp_path, "\n".join(example), table)
    item = load_plan(PLAN_FILE).item(found.item)
    assert item.waivable if table == "waiver" else item.proof == "sign-off"
    assert not item.rests_on


@pytest.mark.parametrize("table", ["waiver", "signoff"])
def test_the_examples_of_the_documentation_are_decisions(tmp_path: Path, table: str) -> None:
    """`docs/your-plan.md` is copied from."""
    blocks = re.findall(
        r"(?s)```toml\n(.*?)```", (ROOT / "docs/your-plan.md").read_text(encoding="utf-8")
    )
    examples = read(tmp_path, "".join(block for block in blocks if f"[[{table}]]" in block), table)
    assert examples
    assert all(found.at < found.expires for found in examples)
