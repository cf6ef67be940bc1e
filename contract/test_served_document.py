"""The API's document is that of the release which runs, and it lists what clients use."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.api.document.served_document import ServedDocumentAssessments

pytestmark = pytest.mark.plan("contract-document")


def test_the_document_is_of_the_release_that_answers(
    served_document: ServedDocumentAssessments,
) -> None:
    """The API's document names the release that answers, and is not that of the release before.

    Before the cutover and after a rollback that is the previous release, as the plan says.
    """
    assert_passed(served_document.assess_release())


def test_the_document_lists_what_is_used(served_document: ServedDocumentAssessments) -> None:
    """The API's document lists every operation that the mapping of the target uses.

    What it does not list, no check of the document, its access or its behaviour ever tries.
    """
    assert_passed(served_document.assess_used_operations())
