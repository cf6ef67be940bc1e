"""What the run does at the target so that there is something to be seen in its signals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Done:
    """Requests that were made between two moments (seconds since 1970, on our clock).

    `ids` are those that the answers carried; `sent`: how many were made; `private` what was said in
    them that no line may hold, by its name.
    """

    began: float
    ended: float
    ids: tuple[str, ...]
    sent: int
    private: Mapping[str, str] = field(default_factory=dict, repr=False)


class Deeds(Protocol):
    """Whoever acts at the target."""

    def mark(self) -> Done:
        """Make one request, as whoever may; as a stranger where nobody can sign in, such as before
        a cutover.
        """

    def search(self, times: int) -> Done:
        """Search for a patient that nobody has."""

    def sign_in(self) -> Done:
        """Sign in with a password, use the token, and sign out."""

    def confide(self) -> Done:
        """Register a synthetic patient whose names cannot be mistaken, and look for him by name."""
