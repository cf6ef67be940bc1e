"""The steps of the mapping check that need a patient's chart: visits and documents."""

from __future__ import annotations

from cutover_gates.drivers.mapping_check import chart_steps
from cutover_gates.drivers.mapping_check.check_context import CheckStep
from cutover_gates.hospital import Reason, Transition, VisitStatus

_PATIENT, _REGISTRAR = "patient", "registrar"

CHART_STEPS: tuple[CheckStep, ...] = (
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
    CheckStep("file a document", "upload", chart_steps.upload, (_PATIENT, "clinician"), "document"),
    CheckStep("read the document", "document", chart_steps.read_document, ("document",)),
    CheckStep("its bytes", "content", chart_steps.read_content, ("document",)),
    CheckStep(
        "list the patient's documents",
        "documents_of",
        chart_steps.list_documents,
        ("document",),
        "listed document",
    ),
    CheckStep(
        "file another document",
        "upload",
        chart_steps.upload_second,
        ("document",),
        "other document",
    ),
    CheckStep(
        "turn the pages of the documents",
        "documents_of",
        chart_steps.turn_document_pages,
        ("listed document", "other document"),
    ),
    CheckStep(
        "a program is refused",
        "upload",
        chart_steps.upload_forbidden_type,
        ("document",),
        rejections=(Reason.UNSUPPORTED_TYPE, Reason.INVALID),
    ),
    CheckStep(
        "retire the documents",
        "retire_document",
        chart_steps.retire("document", "document", "other document"),
        ("document", "administrator"),
    ),
    CheckStep(
        "retire the visits",
        "retire_visit",
        chart_steps.retire("visit", "visit", "other visit"),
        ("visit", "administrator"),
    ),
    CheckStep(
        "retire the namesake",
        "retire_patient",
        chart_steps.retire("patient", "namesake"),
        ("namesake", "administrator"),
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
