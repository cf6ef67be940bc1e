"""What a run leaves to be read later: what was seen (`record`), with every secret masked
(`redact`), and what was made (`ledger`).
"""

from cutover.evidence.examination import Examination, Gathered, NotProven
from cutover.evidence.ledger import Ledger, Left
from cutover.evidence.record import Body, Exchange, Observation, Part, Recorder, answer_facts
from cutover.evidence.redact import Redactor

__all__ = [
    "Body",
    "Examination",
    "Exchange",
    "Gathered",
    "Ledger",
    "Left",
    "NotProven",
    "Observation",
    "Part",
    "Recorder",
    "Redactor",
    "answer_facts",
]
