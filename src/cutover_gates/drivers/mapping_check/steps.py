"""The steps of the walk, in their order. What each does stands in `acts`."""

from __future__ import annotations

from cutover_gates.drivers.mapping_check import step_actions
from cutover_gates.drivers.mapping_check.check_context import CheckStep
from cutover_gates.hospital import PatientQuery, Reason, Role, Transition, VisitStatus
from cutover_gates.hospital.synthetic import make_unused_id


def _sign_in(role: Role) -> CheckStep:
    return CheckStep(
        f"sign in as {role.value}",
        "sign_in",
        lambda way: way.hospital.sign_in(way[f"account of {role.value}"]),
        (f"account of {role.value}",),
        role.value,
    )


_U, _R = "patient", "registrar"

STEPS: tuple[CheckStep, ...] = (
    CheckStep("is it alive", "live", step_actions.check_health("live")),
    CheckStep("is it ready", "ready", step_actions.check_health("ready")),
    CheckStep("which release is it", "release", step_actions.release),
    CheckStep("its own description", "describe", step_actions.describe),
    *(_sign_in(role) for role in Role),
    CheckStep(
        "sign in as nobody is refused",
        "sign_in",
        lambda way: way.hospital.sign_in(way.people.unknown_credentials()),
        (_R,),
        refusal=(Reason.UNAUTHENTICATED,),
    ),
    CheckStep(
        "refresh the registrar's session", "refresh", step_actions.refresh, (_R,), "refreshed"
    ),
    CheckStep("register a patient", "register", step_actions.register, (_R,), _U),
    CheckStep("read the patient", "patient", step_actions.read_patient, (_U,), "first patient"),
    CheckStep(
        "find the patient by number",
        "search",
        lambda way: step_actions.find(way, PatientQuery(mrn=way[_U].mrn), "mrn"),
        (_U,),
        "found",
    ),
    CheckStep(
        "find the patient by name",
        "search",
        lambda way: step_actions.find(way, PatientQuery(name=way[_U].family_name), "name"),
        (_U,),
    ),
    CheckStep("find nobody", "search", step_actions.search_for_nobody, ("found",)),
    CheckStep("register a namesake", "register", step_actions.register_namesake, (_U,), "namesake"),
    CheckStep(
        "turn the pages of a search",
        "search",
        lambda way: step_actions.list_two_pages(way, step_actions.search(way), "search"),
        ("found", "namesake"),
    ),
    CheckStep(
        "a number that is taken is refused",
        "register",
        step_actions.register_duplicate,
        (_U,),
        refusal=(Reason.DUPLICATE,),
    ),
    CheckStep(
        "a patient without a name is refused",
        "register",
        step_actions.register_invalid,
        (_U,),
        refusal=(Reason.INVALID,),
    ),
    CheckStep(
        "a patient whom nobody knows is refused",
        "patient",
        lambda way: way.hospital.patient(way[_R], make_unused_id(way[_U].id)),
        (_U,),
        refusal=(Reason.NOT_FOUND,),
    ),
    CheckStep(
        "a made-up token is refused",
        "patient",
        step_actions.present_forged_token,
        (_U,),
        refusal=(Reason.UNAUTHENTICATED,),
    ),
    CheckStep(
        "another facility's clinician is refused",
        "patient",
        lambda way: way.hospital.patient(way["outsider"], way[_U].id),
        (_U, "outsider"),
        refusal=(Reason.FORBIDDEN, Reason.NOT_FOUND),
    ),
    CheckStep(
        "correct the patient", "update", step_actions.update, ("first patient",), "corrected"
    ),
    CheckStep(
        "a correction of an old version is refused",
        "update",
        step_actions.update_stale,
        ("corrected",),
        refusal=(Reason.STALE,),
    ),
    CheckStep("open a visit", "open_visit", step_actions.open_visit, (_U, "clinician"), "visit"),
    CheckStep("read the visit", "visit", step_actions.read_visit, ("visit",)),
    CheckStep(
        "list the patient's visits",
        "visits_of",
        lambda way: step_actions.pick_from(
            step_actions.visits(way)(way.hospital), way["visit"], "visits_of"
        ),
        ("visit",),
        "listed visit",
    ),
    CheckStep(
        "admit",
        "admit",
        step_actions.move(Transition.ADMIT, VisitStatus.ADMITTED),
        ("visit",),
        "admitted",
    ),
    CheckStep(
        "discharge",
        "discharge",
        step_actions.move(Transition.DISCHARGE, VisitStatus.DISCHARGED, "admitted"),
        ("admitted",),
        "discharged",
    ),
    CheckStep(
        "admitting who was discharged is refused",
        "admit",
        lambda way: way.hospital.move(way["clinician"], way["discharged"], Transition.ADMIT),
        ("discharged",),
        refusal=(Reason.ILLEGAL_TRANSITION,),
    ),
    CheckStep(
        "open another visit", "open_visit", step_actions.open_visit, ("discharged",), "other visit"
    ),
    CheckStep(
        "cancel",
        "cancel",
        step_actions.move(Transition.CANCEL, VisitStatus.CANCELLED, "other visit"),
        ("other visit",),
    ),
    CheckStep(
        "turn the pages of the visits",
        "visits_of",
        lambda way: step_actions.list_two_pages(way, step_actions.visits(way), "visits_of"),
        ("listed visit", "other visit"),
    ),
    CheckStep("file a document", "upload", step_actions.upload, (_U, "clinician"), "document"),
    CheckStep("read the document", "document", step_actions.read_document, ("document",)),
    CheckStep("its bytes", "content", step_actions.read_content, ("document",)),
    CheckStep(
        "list the patient's documents",
        "documents_of",
        lambda way: step_actions.pick_from(
            step_actions.documents(way)(way.hospital), way["document"], "documents_of"
        ),
        ("document",),
        "listed document",
    ),
    CheckStep(
        "file another document",
        "upload",
        step_actions.upload_second,
        ("document",),
        "other document",
    ),
    CheckStep(
        "turn the pages of the documents",
        "documents_of",
        lambda way: step_actions.list_two_pages(way, step_actions.documents(way), "documents_of"),
        ("listed document", "other document"),
    ),
    CheckStep(
        "a program is refused",
        "upload",
        step_actions.upload_forbidden_type,
        ("document",),
        refusal=(Reason.UNSUPPORTED_TYPE, Reason.INVALID),
    ),
    CheckStep(
        "retire the documents",
        "retire_document",
        step_actions.retire("document", "document", "other document"),
        ("document", "administrator"),
    ),
    CheckStep(
        "retire the visits",
        "retire_visit",
        step_actions.retire("visit", "visit", "other visit"),
        ("visit", "administrator"),
    ),
    CheckStep(
        "retire the namesake",
        "retire_patient",
        step_actions.retire("patient", "namesake"),
        ("namesake", "administrator"),
    ),
    CheckStep(
        "retire the patient",
        "retire_patient",
        step_actions.retire("patient", _U),
        (_U, "administrator"),
    ),
    CheckStep("sign out", "sign_out", lambda way: way.hospital.sign_out(way[_R]), (_R,)),
)
