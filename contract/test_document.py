"""The API's own document, from which clients are built."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.api.document.assessments import DocumentAssessments

pytestmark = pytest.mark.plan("contract-document")


def test_the_document_is_valid(shape: DocumentAssessments) -> None:
    """The API's document is valid OpenAPI 3, and each of its references can be resolved.

    Tools reject a document that is not.
    """
    assert_passed(shape.assess_validity())


def test_every_operation_says_how_it_answers(shape: DocumentAssessments) -> None:
    """Every operation documents its success and its rejections.

    The rejections are those that its input and its security make possible.
    """
    assert_passed(shape.assess_responses())


def test_every_operation_says_who_may_ask(shape: DocumentAssessments) -> None:
    """Every operation documents its security, or that it is public.

    A public operation must be meant to be public.
    """
    assert_passed(shape.assess_security())


def test_every_operation_has_a_name_of_its_own(shape: DocumentAssessments) -> None:
    """Every operation has an operationId of its own.

    Client generators name their functions by it.
    """
    assert_passed(shape.assess_operation_ids())


def test_every_example_is_true(shape: DocumentAssessments) -> None:
    """Every example and every default is valid by its own schema.

    Readers copy the examples first.
    """
    assert_passed(shape.assess_examples())
