"""Documents come back byte for byte."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from cutover_gates.config.target_access import Limits
from cutover_gates.hospital import Document, Patient, Reason, Records, Session, Upload
from cutover_gates.hospital.matchers import (
    TargetCapabilities,
    assert_equal,
    assert_row_matches,
    assert_same,
    assert_same_bytes,
    exactly_one,
    expect_rejection,
)
from cutover_gates.hospital.synthetic import FileFactory, make_unused_id
from cutover_gates.probes.database.stored_records import StoredRecords

pytestmark = pytest.mark.plan("document-upload")

MIB = 1024 * 1024


def names_not_kept(capabilities: TargetCapabilities) -> tuple[str, ...]:
    """Return the field that a target does not keep which is declared to keep no file names."""
    return ("file_name",) if capabilities.lacks("file-names") else ()


def assert_comes_back(
    records: Records, patient: Patient, upload: Upload, capabilities: TargetCapabilities
) -> Document:
    """File the upload; assert that its descriptions are true and its bytes are the same."""
    document = records.file(patient, upload)
    assert_as_sent(records, document, patient, upload, capabilities)
    return document


def assert_as_sent(
    records: Records,
    document: Document,
    patient: Patient,
    upload: Upload,
    capabilities: TargetCapabilities,
) -> None:
    """Assert that the descriptions of a filed document are true and its bytes are those sent."""
    # Size and hash are compared only where the target gives them.
    expected = {
        "patient_id": patient.id,
        "file_name": upload.file_name,
        "media_type": upload.media_type,
        "size": len(upload.content),
        "sha256": sha256(upload.content).hexdigest(),
    }
    for described in (document, records.document(document)):
        unknown = tuple(name for name in ("size", "sha256") if getattr(described, name) is None)
        assert_same(expected, described, but=(*unknown, *names_not_kept(capabilities)))
    assert_same_bytes(upload.content, records.content(document))


def test_one_byte_comes_back(
    records: Records, registered: Patient, files: FileFactory, capabilities: TargetCapabilities
) -> None:
    """A document of one byte comes back."""
    assert_comes_back(records, registered, files.tiny(), capabilities)


def test_a_mebibyte_comes_back(
    records: Records,
    registered: Patient,
    files: FileFactory,
    limits: Limits,
    capabilities: TargetCapabilities,
) -> None:
    """A document of one mebibyte comes back with all its bytes in order.

    A scan is larger than any buffer. Where the limit is lower, it has as many bytes as that.
    """
    size = min(MIB, limits.document_bytes)
    assert_comes_back(records, registered, files.of_type("image/png", size), capabilities)


def test_the_largest_document_comes_back(
    records: Records,
    registered: Patient,
    files: FileFactory,
    limits: Limits,
    capabilities: TargetCapabilities,
) -> None:
    """A document of exactly the largest allowed size comes back in full."""
    upload = files.of_type("application/pdf", limits.document_bytes)
    assert_comes_back(records, registered, upload, capabilities)


def test_every_allowed_type_comes_back(
    records: Records,
    registered: Patient,
    files: FileFactory,
    limits: Limits,
    capabilities: TargetCapabilities,
) -> None:
    """A document of each allowed type comes back as that type, byte for byte.

    Line ends are bytes, too.
    """
    for media_type in limits.document_types:
        assert_comes_back(records, registered, files.of_type(media_type), capabilities)


def test_too_large_a_document_is_refused(
    records: Records,
    registered: Patient,
    files: FileFactory,
    limits: Limits,
    capabilities: TargetCapabilities,
) -> None:
    """A document that is one byte too large is rejected.

    It is rejected as too large, and nothing is in the patient's record.
    """
    size = limits.document_bytes + 1
    upload = files.of_type("application/pdf", size)
    doing = f"{size} bytes, where {limits.document_bytes} are allowed"
    with capabilities.refusal("size-limit", Reason.TOO_LARGE, doing=doing) as refusal:
        document = records.file(registered, upload)
    if refusal.is_missing:
        assert_as_sent(records, document, registered, upload, capabilities)
        refusal.end_check()
    assert not records.list_documents(registered)


def test_a_document_without_bytes_is_refused(
    records: Records, registered: Patient, files: FileFactory, capabilities: TargetCapabilities
) -> None:
    """A document without a byte is rejected.

    A scanner without paper files nothing, and nothing is in the patient's record.
    """
    upload = replace(files.of_type("text/plain"), content=b"")
    reasons = (Reason.INVALID, Reason.UNSUPPORTED_TYPE)
    with capabilities.refusal("document-bytes", *reasons) as refusal:
        document = records.file(registered, upload)
    if refusal.is_missing:
        assert_same_bytes(b"", records.content(document))
        refusal.end_check()
    assert not records.list_documents(registered)


@pytest.mark.parametrize(
    ("media_type", "suffix"),
    [
        pytest.param("application/x-msdownload", "exe", id="program"),
        pytest.param("application/x-msdownload", "pdf", id="program-called-pdf"),
        pytest.param("text/html", "txt", id="page-called-text"),
        pytest.param("image/svg+xml", "png", id="drawing-with-scripts-called-png"),
        pytest.param("application/pdfx", "pdf", id="nearly-an-allowed-type"),
    ],
)
def test_a_forbidden_type_is_refused(
    records: Records,
    registered: Patient,
    files: FileFactory,
    capabilities: TargetCapabilities,
    media_type: str,
    suffix: str,
) -> None:
    """A document of a forbidden type is rejected, whatever its name says.

    A program could run on a reader's machine. Nothing is in the patient's record.
    """
    upload = files.of_forbidden_type(media_type, suffix)
    with capabilities.refusal("file-types", Reason.UNSUPPORTED_TYPE) as refusal:
        document = records.file(registered, upload)
    if refusal.is_missing:
        assert_as_sent(records, document, registered, upload, capabilities)
        refusal.end_check()
    assert refusal.message.strip(), "the rejection has no text that tells the user why"
    assert not records.list_documents(registered)


def test_a_cut_upload_leaves_nothing(
    records: Records, registered: Patient, files: FileFactory
) -> None:
    """An upload that breaks off leaves nothing in the record.

    The next upload is the only document there.
    """
    records.abort_upload(registered, files.of_type("application/pdf", MIB))
    assert not records.list_documents(registered)
    whole = records.file(registered, files.of_type("application/pdf"))
    assert exactly_one(records.list_documents(registered), "document").id == whole.id


def test_a_document_is_found_in_its_patients_record(
    records: Records, registered: Patient, files: FileFactory
) -> None:
    """Every document of a patient is listed in the patient's record.

    All are listed, the last one too, each once, as they were filed.
    """
    filed = [records.file(registered, files.of_type("text/plain")) for _ in range(3)]
    listed = sorted(records.list_documents(registered), key=lambda document: document.id)
    assert [document.id for document in listed] == sorted(document.id for document in filed)
    for expected, found in zip(
        sorted(filed, key=lambda document: document.id), listed, strict=True
    ):
        assert_same(expected, found)


def test_a_document_is_described_to_others_as_to_its_author(
    records: Records,
    archive: Records,
    registered: Patient,
    clinician: Session,
    files: FileFactory,
) -> None:
    """A document is described to an administrator as to the clinician who filed it.

    Its author is the person who filed it, where the target names one.
    """
    document = records.file(registered, files.of_type("text/plain"))
    described = archive.document(document)
    assert_same(document, described)
    names = {clinician.username, *(one.username for one in clinician.deputies.values())}
    for author in (document.author, described.author):
        assert author is None or author in names, "the document names another author"


def test_two_documents_of_one_name_are_two(
    records: Records, registered: Patient, files: FileFactory
) -> None:
    """Two documents of one name are stored as two.

    Scanners give their files the same names. The second does not overwrite the first.
    """
    first, second = files.with_name("scan.txt"), files.with_name("scan.txt")
    filed = [records.file(registered, upload) for upload in (first, second)]
    assert_same_bytes(first.content, records.content(filed[0]))
    assert_same_bytes(second.content, records.content(filed[1]))


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param("../../../etc/passwd.txt", id="upwards"),
        pytest.param("/etc/cron.d/job.txt", id="absolute"),
        pytest.param("..\\..\\windows\\win.txt", id="upwards-with-backslashes"),
        pytest.param("C:\\Users\\someone\\scan.txt", id="drive"),
    ],
)
def test_a_file_name_with_path_parts_does_no_harm(
    records: Records,
    registered: Patient,
    files: FileFactory,
    capabilities: TargetCapabilities,
    sent: str,
) -> None:
    """A file name with path parts is stored without them.

    The last part is kept, and the document comes back.
    """
    upload = files.with_name(sent)
    document = records.file(registered, upload)
    assert_same_bytes(upload.content, records.content(document))
    kept = records.document(document).file_name
    last_part = upload.file_name.replace("\\", "/").rpartition("/")[2]
    capabilities.allow_lack("file-names", is_lacking=kept != last_part)
    assert_equal(last_part, kept, f"name of {sent!r}")


def test_a_file_name_in_any_script_comes_back(
    records: Records, registered: Patient, files: FileFactory, capabilities: TargetCapabilities
) -> None:
    """A file name in any script comes back as sent."""
    upload = files.with_name("Röntgen „links“ 胸部 α.txt")
    document = assert_comes_back(records, registered, upload, capabilities)
    kept = records.document(document).file_name
    capabilities.allow_lack("file-names", is_lacking=kept != upload.file_name)
    assert_equal(upload.file_name, kept, "file_name")


def test_an_unknown_patient_has_no_record(
    records: Records, registered: Patient, files: FileFactory, capabilities: TargetCapabilities
) -> None:
    """A document for a patient who is not registered is rejected."""
    nobody = replace(registered, id=make_unused_id(registered.id))
    with capabilities.refusal("document-references", Reason.NOT_FOUND) as refusal:
        records.file(nobody, files.of_type("text/plain"))
    assert not records.list_documents(registered)
    if refusal.is_missing:
        refusal.end_check()


def test_an_unknown_document_is_not_there(records: Records, filed: Document) -> None:
    """A document id that was never given is not found.

    No other document is shown in its place.
    """
    with expect_rejection(Reason.NOT_FOUND):
        records.content(replace(filed, id=make_unused_id(filed.id)))


def test_a_new_patient_has_an_empty_record(records: Records, registered: Patient) -> None:
    """A new patient's record is empty."""
    assert not records.list_documents(registered)


@pytest.mark.plan("acknowledged-writes")
def test_a_document_is_seen_by_other_sessions(
    archive: Records, records: Records, registered: Patient, files: FileFactory
) -> None:
    """A document can be read in another session.

    An administrator reads the same bytes as the clinician who filed it.
    """
    upload = files.of_type("image/jpeg")
    document = records.file(registered, upload)
    assert_same_bytes(upload.content, archive.content(document))


@pytest.mark.plan("acknowledged-writes")
def test_an_acknowledged_document_stands_in_the_database(
    records: Records,
    registered: Patient,
    files: FileFactory,
    stored: StoredRecords,
    capabilities: TargetCapabilities,
) -> None:
    """An acknowledged document is stored in the database.

    The row exists when the answer has come, and describes the bytes that were sent.
    """
    upload = files.of_type("application/pdf")
    document = records.file(registered, upload)
    expected = {
        "patient_id": registered.id,
        "file_name": upload.file_name,
        "media_type": upload.media_type,
        "size": len(upload.content),
        "sha256": sha256(upload.content).hexdigest(),
    }
    kept = {
        name: value for name, value in expected.items() if name not in names_not_kept(capabilities)
    }
    assert_row_matches(kept, stored.document(document.id))
