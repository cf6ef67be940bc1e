"""Rules for methods that the API's document does not list (METHOD)."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

METHOD_REFUSED = Rule(
    "METHOD-001",
    "A method that the document does not list is refused to a person who may not see the chart",
    "A guard that stands before GET and POST alone leaves the door open for every other method.",
    "Refuse each other method of the path (405), after the same question who asks.",
    waivable=False,
)
NOTHING_SHOWN = Rule(
    "METHOD-002",
    "No answer to a person who may not see the chart names the patient, in body or headers",
    "A refusal that names the patient tells what it was meant to keep.",
    "Leave the patient out of refusals, and of the headers of every answer.",
    waivable=False,
)
NOTHING_DONE = Rule(
    "METHOD-003",
    "The chart is as it was after methods that the document does not list",
    "A record is changed or removed by somebody who may not even see it.",
    "Find out which handler did it, and put the question who asks before it.",
    waivable=False,
)
CONDITION_REFUSED = Rule(
    "METHOD-004",
    "A conditional request is refused as any other to a person who may not see the chart",
    "An answer of 304 or 412 tells that the record is there, and which version it has.",
    "Ask who asks before the condition is looked at, in the application and in every cache.",
    waivable=False,
)
