"""The steps of the mapping check, in their order."""

from __future__ import annotations

from cutover_gates.drivers.mapping_check import chart_steps, patient_steps
from cutover_gates.drivers.mapping_check.check_context import CheckStep
from cutover_gates.hospital import Reason, Role, Transition, VisitStatus
from cutover_gates.hospital.synthetic import make_unused_id


def _sign_in(role: Role) -> CheckStep:
    return CheckStep(
        f"sign in as {role.value}",
        "sign_in",
        lambda context: context.driver.sign_in(context[f"account of {role.value}"]),
        (f"account of {role.value}",),
        role.value,
    )


_PATIENT, _REGISTRAR = "patient", "registrar"

STEPS: tuple[CheckStep, ...] = (
    CheckStep("is it alive", "live", patient_steps.check_health("live")),
    CheckStep("is it ready", "ready", patient_steps.check_health("ready")),
    CheckStep("which release is it", "release", patient_steps.release),
    CheckStep("its own description", "describe", patient_steps.describe),
    *(_sign_in(role) for role in Role),
    CheckStep(
        "sign in as nobody is refused",
        "sign_in",
        lambda context: context.driver.sign_in(context.people.unknown_credentials()),
        (_REGISTRAR,),
        rejections=(Reason.UNAUTHENTICATED,),
    ),
    CheckStep(
        "refresh the registrar's session",
        "refresh",
        patient_steps.refresh,
        (_REGISTRAR,),
        "refreshed",
    ),
    CheckStep("register a patient", "register", patient_steps.register, (_REGISTRAR,), _PATIENT),
    CheckStep(
        "read the patient", "patient", patient_steps.read_patient, (_PATIENT,), "first patient"
    ),
    CheckStep(
        "find the patient by number",
        "search",
        patient_steps.find_by_number,
        (_PATIENT,),
        "found",
    ),
    CheckStep(
        "find the patient by name",
        "search",
        patient_steps.find_by_name,
        (_PATIENT,),
    ),
    CheckStep("find nobody", "search", patient_steps.search_for_nobody, ("found",)),
    CheckStep(
        "register a namesake", "register", patient_steps.register_namesake, (_PATIENT,), "namesake"
    ),
    CheckStep(
        "turn the pages of a search",
        "search",
        patient_steps.turn_search_pages,
        ("found", "namesake"),
    ),
    CheckStep(
        "a number that is taken is refused",
        "register",
        patient_steps.register_duplicate,
        (_PATIENT,),
        rejections=(Reason.DUPLICATE,),
    ),
    CheckStep(
        "a patient without a name is refused",
        "register",
        patient_steps.register_invalid,
        (_PATIENT,),
        rejections=(Reason.INVALID,),
    ),
    CheckStep(
        "a patient whom nobody knows is refused",
        "patient",
        lambda context: context.driver.patient(
            context[_REGISTRAR], make_unused_id(context[_PATIENT].id)
        ),
        (_PATIENT,),
        rejections=(Reason.NOT_FOUND,),
    ),
    CheckStep(
        "a made-up token is refused",
        "patient",
        patient_steps.present_forged_token,
        (_PATIENT,),
        rejections=(Reason.UNAUTHENTICATED,),
    ),
    CheckStep(
        "another facility's clinician is refused",
        "patient",
        lambda context: context.driver.patient(context["outsider"], context[_PATIENT].id),
        (_PATIENT, "outsider"),
        rejections=(Reason.FORBIDDEN, Reason.NOT_FOUND),
    ),
    CheckStep(
        "correct the patient", "update", patient_steps.update, ("first patient",), "corrected"
    ),
    CheckStep(
        "a correction of an old version is refused",
        "update",
        patient_steps.update_stale,
        ("corrected",),
        rejections=(Reason.STALE,),
    ),
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
