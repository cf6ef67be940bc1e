"""What a fault of a dialect says of itself: the items that see it, and its class.

Only modules of faults import this. The servers themselves share nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

WRITES, PATIENTS, VISITS, DOCUMENTS = (
    "acknowledged-writes",
    "patient-creation",
    "visit-creation",
    "document-upload",
)
ACCESS, ENDPOINTS, DOCUMENT = "access-control", "api-endpoints", "contract-document"
ANY_CONNECTION = dict.fromkeys(
    (PATIENTS, VISITS, DOCUMENTS, ACCESS, ENDPOINTS, "authentication-flow", "health-checks"),
    "a check may have the connection of the instance that differs",
)


class SeededFault:
    """The facts of a fault; the name of its class says the harm.

    `item` must catch it. `kind` is the class of faults that it belongs to. `also` are items that
    cannot help failing, too; `perhaps` those that fail as chance has it.
    """

    item: ClassVar[str]
    kind: ClassVar[str]
    also: ClassVar[Mapping[str, str]] = {}
    perhaps: ClassVar[Mapping[str, str]] = {}
    seconds: ClassVar[float] = 90
