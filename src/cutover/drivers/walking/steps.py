"""The steps of the walk, in their order. What each does stands in `acts`."""

from __future__ import annotations

from cutover.drivers.walking import acts
from cutover.drivers.walking.way import Step
from cutover.hospital import Move, PatientQuery, Reason, Role, Status
from cutover.synthetic import unlike


def _sign_in(role: Role) -> Step:
    return Step(
        f"sign in as {role.value}",
        "sign_in",
        lambda way: way.hospital.sign_in(way[f"account of {role.value}"]),
        (f"account of {role.value}",),
        role.value,
    )


_U, _R = "patient", "registrar"

STEPS: tuple[Step, ...] = (
    Step("is it alive", "live", acts.healthy("live")),
    Step("is it ready", "ready", acts.healthy("ready")),
    Step("which release is it", "release", acts.release),
    Step("its own description", "describe", acts.describe),
    *(_sign_in(role) for role in Role),
    Step(
        "sign in as nobody is refused",
        "sign_in",
        lambda way: way.hospital.sign_in(way.people.nobody()),
        (_R,),
        refusal=(Reason.UNAUTHENTICATED,),
    ),
    Step("refresh the registrar's session", "refresh", acts.refresh, (_R,), "refreshed"),
    Step("register a patient", "register", acts.register, (_R,), _U),
    Step("read the patient", "patient", acts.read, (_U,), "first patient"),
    Step(
        "find the patient by number",
        "search",
        lambda way: acts.find(way, PatientQuery(mrn=way[_U].mrn), "mrn"),
        (_U,),
        "found",
    ),
    Step(
        "find the patient by name",
        "search",
        lambda way: acts.find(way, PatientQuery(name=way[_U].family_name), "name"),
        (_U,),
    ),
    Step("find nobody", "search", acts.find_nobody, ("found",)),
    Step("register a namesake", "register", acts.namesake, (_U,), "namesake"),
    Step(
        "turn the pages of a search",
        "search",
        lambda way: acts.two_pages(way, acts.search(way), "search"),
        ("found", "namesake"),
    ),
    Step(
        "a number that is taken is refused",
        "register",
        acts.taken,
        (_U,),
        refusal=(Reason.DUPLICATE,),
    ),
    Step(
        "a patient without a name is refused",
        "register",
        acts.invalid,
        (_U,),
        refusal=(Reason.INVALID,),
    ),
    Step(
        "a patient whom nobody knows is refused",
        "patient",
        lambda way: way.hospital.patient(way[_R], unlike(way[_U].id)),
        (_U,),
        refusal=(Reason.NOT_FOUND,),
    ),
    Step(
        "a made-up token is refused",
        "patient",
        acts.forged,
        (_U,),
        refusal=(Reason.UNAUTHENTICATED,),
    ),
    Step(
        "another facility's clinician is refused",
        "patient",
        lambda way: way.hospital.patient(way["outsider"], way[_U].id),
        (_U, "outsider"),
        refusal=(Reason.FORBIDDEN, Reason.NOT_FOUND),
    ),
    Step("correct the patient", "update", acts.update, ("first patient",), "corrected"),
    Step(
        "a correction of an old version is refused",
        "update",
        acts.update_stale,
        ("corrected",),
        refusal=(Reason.STALE,),
    ),
    Step("open a visit", "open_visit", acts.open, (_U, "clinician"), "visit"),
    Step("read the visit", "visit", acts.read_visit, ("visit",)),
    Step(
        "list the patient's visits",
        "visits_of",
        lambda way: acts.among(acts.visits(way)(way.hospital), way["visit"], "visits_of"),
        ("visit",),
        "listed visit",
    ),
    Step("admit", "admit", acts.move(Move.ADMIT, Status.ADMITTED), ("visit",), "admitted"),
    Step(
        "discharge",
        "discharge",
        acts.move(Move.DISCHARGE, Status.DISCHARGED, "admitted"),
        ("admitted",),
        "discharged",
    ),
    Step(
        "admitting who was discharged is refused",
        "admit",
        lambda way: way.hospital.move(way["clinician"], way["discharged"], Move.ADMIT),
        ("discharged",),
        refusal=(Reason.ILLEGAL_TRANSITION,),
    ),
    Step("open another visit", "open_visit", acts.open, ("discharged",), "other visit"),
    Step(
        "cancel",
        "cancel",
        acts.move(Move.CANCEL, Status.CANCELLED, "other visit"),
        ("other visit",),
    ),
    Step(
        "turn the pages of the visits",
        "visits_of",
        lambda way: acts.two_pages(way, acts.visits(way), "visits_of"),
        ("listed visit", "other visit"),
    ),
    Step("file a document", "upload", acts.upload, (_U, "clinician"), "document"),
    Step("read the document", "document", acts.read_document, ("document",)),
    Step("its bytes", "content", acts.content, ("document",)),
    Step(
        "list the patient's documents",
        "documents_of",
        lambda way: acts.among(acts.documents(way)(way.hospital), way["document"], "documents_of"),
        ("document",),
        "listed document",
    ),
    Step("file another document", "upload", acts.file, ("document",), "other document"),
    Step(
        "turn the pages of the documents",
        "documents_of",
        lambda way: acts.two_pages(way, acts.documents(way), "documents_of"),
        ("listed document", "other document"),
    ),
    Step(
        "a program is refused",
        "upload",
        acts.forbidden_type,
        ("document",),
        refusal=(Reason.UNSUPPORTED_TYPE, Reason.INVALID),
    ),
    Step(
        "retire the documents",
        "retire_document",
        acts.retire("document", "document", "other document"),
        ("document", "administrator"),
    ),
    Step(
        "retire the visits",
        "retire_visit",
        acts.retire("visit", "visit", "other visit"),
        ("visit", "administrator"),
    ),
    Step(
        "retire the namesake",
        "retire_patient",
        acts.retire("patient", "namesake"),
        ("namesake", "administrator"),
    ),
    Step("retire the patient", "retire_patient", acts.retire("patient", _U), (_U, "administrator")),
    Step("sign out", "sign_out", lambda way: way.hospital.sign_out(way[_R]), (_R,)),
)
