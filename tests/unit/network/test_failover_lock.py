"""The failover lock: shared while backends are queried, exclusive while one is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from cutover_gates.probes.network.load_balancer.backend_failover import failover_lock


def test_the_exclusive_holder_waits_for_the_others_and_they_for_it(tmp_path: Path) -> None:
    path, told = tmp_path / "failover.lock", list[str]()

    def other(
        word: str, act: Callable[[Callable[[], None]], None] = lambda _alone: None
    ) -> threading.Thread:
        def look() -> None:
            with failover_lock(path) as alone:
                act(alone)
                told.append(word)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        return thread

    with failover_lock(path):
        other("looks beside us").join(5)
        assert told == ["looks beside us"]
        killer = other("kills", lambda alone: alone())
        killer.join(0.1)
        assert killer.is_alive()  # that it goes on waiting cannot be waited for
    killer.join(5)
    with failover_lock(path) as alone:
        alone()
        late = other("looks afterwards")
        late.join(0.1)
        assert told == ["looks beside us", "kills"]
    late.join(5)
    assert told == ["looks beside us", "kills", "looks afterwards"]
