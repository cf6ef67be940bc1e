"""The operations that are declared absent, and that the target's own document lists.

It is a guess by names, as a first mapping is sketched: the note says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cutover_gates.config.target import Target
from cutover_gates.plugin.attestation import DOCUMENT_FILE
from cutover_gates.plugin.run import PytestRun


def read_kept_document(run: PytestRun) -> Mapping[str, Any] | None:
    """Return the document that this run kept of the target; None where it kept none."""
    if run.settings.chosen_target.driver != "rest" or not run.folders:
        return None
    try:
        document = json.loads((run.first_folder / DOCUMENT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def find_listed(chosen: Target, document: Mapping[str, Any]) -> dict[str, str]:
    """Return what the document lists of the operations that a target is declared to lack."""
    # Here, because few targets declare an operation absent, and the sketch takes 20 ms to import.
    from cutover_gates.drivers.mapping_sketch.document_outline import DocumentOutline
    from cutover_gates.drivers.mapping_sketch.operation_matching import OperationMatcher
    from cutover_gates.drivers.rest.vocabulary import OPERATIONS

    absent = chosen.absent_capabilities.keys() & OPERATIONS.keys()
    if not absent:
        return {}
    try:
        matched = OperationMatcher(DocumentOutline(document)).match()
    except (KeyError, TypeError, AttributeError, ValueError):
        return {}  # it is no OpenAPI document: the checks of the contract say so
    return {
        name: f"the target's document lists {matched[name].method} {matched[name].path}, which by"
        " its name does it"
        for name in absent
        if name in matched
    }
