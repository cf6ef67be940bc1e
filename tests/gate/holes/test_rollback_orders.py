"""An order to roll back at the gates: it stands until the gate `rollback`, and is history then."""

from __future__ import annotations

from tests.gate.holes.order_holes import TROUBLE, watched
from tests.gate.holes.release_holes import settings
from tests.gate.holes.toy_project import Toy

ORDER = "ROLL BACK NOW: error-rate of new: "


def test_an_order_stands_until_the_rollback_was_judged(toy: Toy) -> None:
    """phase3 is NO-GO, the rollback to 0.9 is GO, and the next attempt is judged by itself."""
    watched(TROUBLE)(toy)
    settings('previous_release = "0.9"')(toy)
    toy.replace("plan.toml", '["phase3", "nightly"]', '["phase3", "rollback"]')
    first = toy.gate()
    assert (first.verdict, first.status) == ("NO-GO", 1), first.output
    lines = [line for line in first.output.splitlines() if line.strip()]
    assert lines[-1].startswith(ORDER)
    assert lines[-1] in lines[:4], "the call says it at once"
    status = _read_status(toy, "phase3")
    assert status[0].startswith(f"# {ORDER}")
    assert status[-1].startswith(f"**{ORDER}")

    at_home = f'url = "{toy.url}"'
    toy.replace("cutover.toml", at_home, f'url = "{toy.url}/release/old/x"')
    rolled = toy.run("-m", "rollback")
    assert rolled.verdicts["rollback"]["verdict"] == "GO", rolled.output
    assert "A rollback was ordered at" in "".join(rolled.verdicts["rollback"]["notes"])
    assert "rollback_order" not in rolled.verdicts["rollback"]

    toy.replace("cutover.toml", f'url = "{toy.url}/release/old/x"', at_home)
    again = toy.gate()
    assert again.status == 0, again.output
    assert "and done (2" in " ".join(again.output.split())


def test_a_rollback_that_is_no_go_leaves_the_order(toy: Toy) -> None:
    """The new release still answers."""
    watched(TROUBLE)(toy)
    settings('previous_release = "0.9"')(toy)
    toy.replace("plan.toml", '["phase3", "nightly"]', '["phase3", "rollback"]')
    rolled = toy.run("-m", "rollback")
    assert rolled.verdict == "NO-GO"
    assert rolled.verdicts["rollback"]["rollback_order"].startswith(ORDER)
    assert not any("watcher ordered" in hold for hold in rolled.verdicts["rollback"]["holds"])


def _read_status(toy: Toy, gate: str) -> list[str]:
    found = max((toy.folder / "reports/runs").glob(f"2*-toy-{gate}-*/status.md"))
    return [line for line in found.read_text(encoding="utf-8").splitlines() if line.strip()]
