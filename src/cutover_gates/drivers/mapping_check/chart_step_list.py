"""The steps of the mapping check that need a patient's chart: visits and documents.

Documents are filed before the discharge, so that what stays readable after it can be tried.
"""

from __future__ import annotations

from collections.abc import Sequence

from cutover_gates.drivers.mapping_check import chart_steps, document_steps
from cutover_gates.drivers.mapping_check.access_steps import OUTSIDER_STEPS
from cutover_gates.drivers.mapping_check.check_context import CheckStep
from cutover_gates.hospital import Reason, Transition, VisitStatus

_PATIENT, _REGISTRAR = "patient", "registrar"

_BEFORE_ADMISSION: tuple[CheckStep, ...] = (
    CheckStep(
        "open a visit", "open_visit", chart_steps.open_visit, (_PATIENT, "clinician"), "visit"
    ),
    CheckStep("read the visit", "visit", chart_steps.read_visit, ("visit",)),
    CheckStep(
        "list the patient's visits",
        "visits_of",
        chart_steps.list_visits,
        ("visit",),
        "listed visit",
    ),
    CheckStep(
        "file a document", "upload", document_steps.upload, (_PATIENT, "clinician"), "document"
    ),
    CheckStep("read the document", "document", document_steps.read_document, ("document",)),
    CheckStep("its bytes", "content", document_steps.read_content, ("document",)),
    CheckStep(
        "list the patient's documents",
        "documents_of",
        document_steps.list_documents,
        ("document",),
        "listed document",
    ),
    CheckStep(
        "file another document",
        "upload",
        document_steps.upload_second,
        ("document",),
        "other document",
    ),
    CheckStep(
        "turn the pages of the documents",
        "documents_of",
        document_steps.turn_document_pages,
        ("listed document", "other document"),
    ),
    CheckStep(
        "a program is refused",
        "upload",
        document_steps.upload_forbidden_type,
        ("document",),
        rejections=(Reason.UNSUPPORTED_TYPE, Reason.INVALID),
        capability="file-types",
    ),
    CheckStep(
        "an upload that is cut leaves nothing",
        "upload",
        document_steps.cut_upload,
        ("listed document",),
    ),
)

_MOVES: tuple[CheckStep, ...] = (
    CheckStep(
        "admit",
        "admit",
        chart_steps.move(Transition.ADMIT, VisitStatus.ADMITTED),
        ("visit",),
        "admitted",
    ),
    CheckStep(
        "discharge",
        "discharge",
        chart_steps.move(Transition.DISCHARGE, VisitStatus.DISCHARGED, "admitted"),
        ("admitted",),
        "discharged",
    ),
    CheckStep(
        "admitting who was discharged is refused",
        "admit",
        lambda context: context.driver.move(
            context["clinician"], context["discharged"], Transition.ADMIT
        ),
        ("discharged",),
        rejections=(Reason.ILLEGAL_TRANSITION,),
    ),
)

_AFTER_DISCHARGE: tuple[CheckStep, ...] = (
    CheckStep(
        "read the patient after the discharge",
        "patient",
        chart_steps.read_patient_after,
        ("discharged",),
    ),
    CheckStep(
        "read the visit after the discharge",
        "visit",
        chart_steps.read_visit_after,
        ("discharged",),
    ),
    CheckStep(
        "list the visits after the discharge",
        "visits_of",
        chart_steps.list_visits,
        ("discharged",),
    ),
    CheckStep(
        "read the document after the discharge",
        "document",
        document_steps.read_document,
        ("discharged", "document"),
    ),
    CheckStep(
        "its bytes after the discharge",
        "content",
        document_steps.read_content,
        ("discharged", "document"),
    ),
    CheckStep(
        "list the documents after the discharge",
        "documents_of",
        document_steps.list_documents,
        ("discharged", "document"),
    ),
)

_OTHER_VISIT: tuple[CheckStep, ...] = (
    CheckStep(
        "open another visit", "open_visit", chart_steps.open_visit, ("discharged",), "other visit"
    ),
    CheckStep(
        "cancel",
        "cancel",
        chart_steps.move(Transition.CANCEL, VisitStatus.CANCELLED, "other visit"),
        ("other visit",),
    ),
    CheckStep(
        "turn the pages of the visits",
        "visits_of",
        chart_steps.turn_visit_pages,
        ("listed visit", "other visit"),
    ),
)

_REMOVAL: tuple[CheckStep, ...] = (
    CheckStep(
        "retire the documents",
        "retire_document",
        chart_steps.retire("document"),
        ("document", "administrator"),
    ),
    CheckStep(
        "retire the visits",
        "retire_visit",
        chart_steps.retire("visit"),
        ("visit", "administrator"),
    ),
    CheckStep(
        "retire the namesake",
        "retire_patient",
        chart_steps.retire("patient", "namesake"),
        ("namesake", "administrator"),
    ),
    CheckStep(
        "retire the patient of whom little is known",
        "retire_patient",
        chart_steps.retire("patient", "minimal patient"),
        ("minimal patient", "administrator"),
    ),
    CheckStep(
        "retire the patient",
        "retire_patient",
        chart_steps.retire("patient", _PATIENT),
        (_PATIENT, "administrator"),
    ),
    CheckStep(
        "sign out",
        "sign_out",
        lambda context: context.driver.sign_out(context[_REGISTRAR]),
        (_REGISTRAR,),
    ),
)


def chart_steps_for(document_types: Sequence[str]) -> tuple[CheckStep, ...]:
    """Return the steps for a target that takes documents of these types."""
    further = (
        CheckStep(
            f"file a document of type {media_type}",
            "upload",
            document_steps.upload_of_type(media_type),
            ("document",),
            f"document of type {media_type}",
        )
        for media_type in document_types[1:]
    )
    return (
        *_BEFORE_ADMISSION,
        *further,
        *OUTSIDER_STEPS,
        *_MOVES,
        *_AFTER_DISCHARGE,
        *_OTHER_VISIT,
        *_REMOVAL,
    )
