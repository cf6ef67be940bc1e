"""Documents come back byte for byte, and other files are rejected."""

from __future__ import annotations

import hashlib
import os
import socket
from urllib.parse import urlsplit

import pytest

from tests.integration.reference.started_hospital import (
    Hospital,
    Json,
    Staff,
    patient_data,
    problem,
    wait_for_lines,
)

LIMIT = 2_097_152


@pytest.fixture
def documents(patient: Json) -> str:
    """Return the path of a new patient's documents."""
    return f"/patients/{patient['id']}/documents"


@pytest.mark.parametrize("size", [1, 1_048_576, LIMIT])
def test_a_document_comes_back_byte_for_byte(staff: Staff, documents: str, size: int) -> None:
    """Sizes from one byte to exactly the limit come back with type, size and digest."""
    content = os.urandom(size)
    created = staff("clinician").post(
        documents, files={"file": ("scan.png", content, "image/png")}, data={"tag": "probe"}
    )
    assert created.status_code == 201, created.text
    digest = hashlib.sha256(content).hexdigest()
    assert (created.json()["size"], created.json()["sha256"], created.json()["uploaded_by"]) == (
        size,
        digest,
        "clinician",
    )
    back = staff("clinician").get(f"{documents}/{created.json()['id']}/content")
    assert back.content == content
    assert (back.headers["content-type"], back.headers["etag"]) == ("image/png", f'"{digest}"')
    assert staff("clinician").get(documents).json()["items"] == [created.json()]
    assert staff("administrator").delete(f"{documents}/{created.json()['id']}").status_code == 204
    assert problem(staff("clinician").get(f"{documents}/{created.json()['id']}")) == (
        404,
        "not-found",
    )


@pytest.mark.parametrize(
    ("size", "media_type", "expected"),
    [
        (LIMIT + 1, "image/png", (413, "too-large")),
        (LIMIT + 200_000, "image/png", (413, "too-large")),
        (5 * LIMIT, "image/png", (413, "too-large")),
        (10, "text/html", (415, "unsupported-type")),
        (10, "image/svg+xml", (415, "unsupported-type")),
        (0, "image/png", (422, "invalid")),
    ],
)
def test_what_is_not_taken_is_refused_and_leaves_nothing(
    staff: Staff, documents: str, size: int, media_type: str, expected: tuple[int, str]
) -> None:
    """One byte too many, another type, and an empty file are rejected."""
    answer = staff("clinician").post(documents, files={"file": ("a", b"x" * size, media_type)})
    assert problem(answer) == expected
    assert staff("clinician").get(documents).json()["total"] == 0


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\scans\\Größe 1.pdf", "Größe 1.pdf"),
        ("..", "unnamed"),
        ("folder/", "unnamed"),
        ("a\x7fb\u0085c.txt", "abc.txt"),
        ("患者 “記録”.txt", "患者 “記録”.txt"),
        ("x" * 300, "x" * 255),
    ],
)
def test_of_a_file_name_only_the_last_part_is_kept(
    staff: Staff, documents: str, sent: str, kept: str
) -> None:
    """Path and control characters are removed; the download has the name in every script."""
    created = staff("clinician").post(documents, files={"file": (sent, b"x", "text/plain")})
    assert created.json()["file_name"] == kept
    back = staff("clinician").get(f"{documents}/{created.json()['id']}/content")
    assert back.headers["content-disposition"].startswith('attachment; filename="')
    assert back.headers["content-type"] == "text/plain"


def test_a_cut_upload_leaves_nothing(hospital: Hospital, staff: Staff, documents: str) -> None:
    """A connection that breaks inside the file leaves no document; the log has it as unfinished."""
    url = urlsplit(hospital.url)
    head = (
        f"POST /api/v1{documents} HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization:"
        f" {staff('clinician').headers['authorization']}\r\nX-Request-Id:"
        " cut-upload\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length:"
        ' 100000\r\n\r\n--b\r\nContent-Disposition: form-data; name="file";'
        ' filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n'
    )
    with socket.create_connection((url.hostname, url.port)) as line:
        line.sendall(head.encode() + b"x" * 50_000)
    lines = wait_for_lines(hospital.log, "cut-upload")
    assert lines, "the cut request never came to an end"
    assert lines[-1]["status"] in (422, 499)
    assert staff("clinician").get(documents).json()["total"] == 0


def test_a_document_is_found_under_its_own_patient_only(staff: Staff, documents: str) -> None:
    """Under another patient's path neither its description nor its bytes exist."""
    document = (
        staff("clinician")
        .post(documents, files={"file": ("a.txt", b"x", "text/plain")})
        .json()["id"]
    )
    other = staff("registrar").post("/patients", json=patient_data()).json()["id"]
    for path in (
        f"/patients/{other}/documents/{document}",
        f"/patients/{other}/documents/{document}/content",
    ):
        assert problem(staff("clinician").get(path)) == (404, "not-found")


def test_an_untagged_document_is_not_deleted(staff: Staff, documents: str) -> None:
    """Only synthetic documents can be removed."""
    document = (
        staff("clinician")
        .post(documents, files={"file": ("a.txt", b"x", "text/plain")})
        .json()["id"]
    )
    assert problem(staff("administrator").delete(f"{documents}/{document}")) == (403, "forbidden")
