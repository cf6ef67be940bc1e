"""Every kind of tampering with a run's folder is a problem with a name."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cutover_gates.core.attestation.envelope import parse_envelope, render_envelope
from cutover_gates.core.attestation.sums import compute_sums
from cutover_gates.core.attestation.verification import NoRunFolder, verify_folder
from tests.unit.core.attestation.run_folder import KINDS, KeyPair, write_run

KEY, OTHER_KEY = KeyPair(), KeyPair()
Change = Callable[[Path], object]


def write(name: str, text: str) -> Change:
    return lambda folder: (folder / name).write_text(text)


def remove(name: str) -> Change:
    return lambda folder: (folder / name).unlink()


def turn_into_a_go(folder: Path) -> None:
    """Edit the verdict and write the sums anew, as somebody would who knows of them."""
    path = folder / "verdict.json"
    path.write_text(path.read_text().replace("GO WITH WAIVERS", "GO"))
    write_sums_anew(folder)


def edit_a_file_and_its_sum(folder: Path) -> None:
    (folder / "status.md").write_text("GO")
    write_sums_anew(folder)


def write_sums_anew(folder: Path) -> None:
    (folder / "SHA256SUMS").write_bytes(compute_sums(folder))


def strip_the_signature(folder: Path) -> None:
    path = folder / "verdict.intoto.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "signatures": []}))
    (folder / "verdict.sigstore.json").unlink()


def sign_with_another_key(folder: Path) -> None:
    content = parse_envelope((folder / "verdict.intoto.json").read_bytes())
    (folder / "verdict.intoto.json").write_text(render_envelope(content.payload, OTHER_KEY.signer))
    (folder / "verdict.sigstore.json").unlink()


def take_the_key_id_of_the_right_key(folder: Path) -> None:
    sign_with_another_key(folder)
    path = folder / "verdict.intoto.json"
    path.write_text(path.read_text().replace('"keyid":""', f'"keyid":"{KEY.signer.key_id}"'))


def use_the_envelope_of_another_run(folder: Path) -> None:
    other = write_run(folder.parent / "other", KEY.signer, started="2026-11-22T02:00:00.000Z")
    shutil.copy(other / "verdict.intoto.json", folder)
    shutil.copy(other / "verdict.sigstore.json", folder)


def use_the_sums_of_another_run(folder: Path) -> None:
    other = write_run(folder.parent / "other", KEY.signer, started="2026-11-22T02:00:00.000Z")
    shutil.copy(other / "SHA256SUMS", folder)


def edit_the_payload(folder: Path) -> None:
    """Change the signed statement to that of the edited verdict, and keep the signature."""
    unsigned = write_run(folder.parent / "unsigned", None, verdict="GO")
    forged = json.loads((unsigned / "verdict.intoto.json").read_text())
    path = folder / "verdict.intoto.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "payload": forged["payload"]}))
    for name in ("verdict.json", "SHA256SUMS"):
        shutil.copy(unsigned / name, folder)
    (folder / "verdict.sigstore.json").unlink()


def move_the_verdict_behind_a_link(folder: Path) -> None:
    (folder / "verdict.json").rename(folder.parent / "v.json")
    (folder / "verdict.json").symlink_to(folder.parent / "v.json")


def add_an_entry_to_the_sums(folder: Path) -> None:
    with (folder / "SHA256SUMS").open("a") as file:
        file.write(f"{hashlib.sha256(b'').hexdigest()}  ../empty\n")


def drop_an_entry_of_the_sums(folder: Path) -> None:
    (folder / "status.md").unlink()
    lines = (folder / "SHA256SUMS").read_text().splitlines(keepends=True)
    (folder / "SHA256SUMS").write_text("".join(line for line in lines if "status" not in line))


def reorder_the_sums(folder: Path) -> None:
    lines = (folder / "SHA256SUMS").read_text().splitlines(keepends=True)
    (folder / "SHA256SUMS").write_text("".join(reversed(lines)))


def make_the_sums_a_pipe(folder: Path) -> None:
    (folder / "SHA256SUMS").unlink()
    os.mkfifo(folder / "SHA256SUMS")


def sign_another_kind_of_statement(folder: Path) -> None:
    text = json.dumps({"_type": "https://in-toto.io/Statement/v1", "predicateType": "x"})
    (folder / "verdict.intoto.json").write_text(render_envelope(text.encode(), KEY.signer))


TAMPERING: dict[str, tuple[Change, str]] = {
    "a file was changed": (write("status.md", "GO"), "status.md: changed"),
    "a file below was changed": (write("traces/ledger.jsonl", ""), "traces/ledger.jsonl: changed"),
    "a file is missing": (remove("status.md"), "status.md: missing"),
    "a file was added": (write("more.txt", "x"), "more.txt: added"),
    "the verdict was edited": (
        write("verdict.json", '{"verdict": "GO"}'),
        "verdict.json: changed",
    ),
    "the verdict and the sums were edited": (
        turn_into_a_go,
        "verdict.json differs from the statement",
    ),
    "the sums were edited with a file": (
        edit_a_file_and_its_sum,
        "SHA256SUMS is not the one",
    ),
    "the sums are missing": (remove("SHA256SUMS"), "SHA256SUMS is missing"),
    "the sums are empty": (write("SHA256SUMS", ""), "SHA256SUMS is not the one"),
    "the sums are no sums": (write("SHA256SUMS", "<html>\n"), "line 1 of SHA256SUMS"),
    "the sums lead out": (add_an_entry_to_the_sums, "is not in the folder"),
    "the sums lost a file": (drop_an_entry_of_the_sums, "SHA256SUMS is not the one"),
    "the sums were put in another order": (reorder_the_sums, "SHA256SUMS is not the one"),
    "the sums are a pipe": (make_the_sums_a_pipe, "SHA256SUMS is not a plain file"),
    "the sums of another run": (use_the_sums_of_another_run, "SHA256SUMS is not the one"),
    "the envelope is missing": (remove("verdict.intoto.json"), "verdict.intoto.json is missing"),
    "the envelope is broken": (write("verdict.intoto.json", "{"), "not valid JSON"),
    "the envelope is deep": (write("verdict.intoto.json", "[" * 200_000), "not valid JSON"),
    "the envelope is a list": (write("verdict.intoto.json", "[]"), "not a JSON object"),
    "the envelope is empty": (write("verdict.intoto.json", "{}"), "lacks a payload"),
    "the envelope holds no base64": (
        write("verdict.intoto.json", '{"payload":"*","payloadType":"x","signatures":[]}'),
        "not base64",
    ),
    "the envelope holds something else": (
        write("verdict.intoto.json", '{"payload":"e30=","payloadType":"x","signatures":[]}'),
        "no statement",
    ),
    "the envelope of another run": (use_the_envelope_of_another_run, "about another run"),
    "the statement is of another kind": (sign_another_kind_of_statement, "no in-toto statement"),
    "the payload was edited": (edit_the_payload, "the signature is not one of the key"),
    "the signature was taken away": (strip_the_signature, "is not signed"),
    "signed with another key": (sign_with_another_key, "the signature is not one of the key"),
    "another key under the id of the right one": (
        take_the_key_id_of_the_right_key,
        "the signature is not one of the key",
    ),
    "the bundle holds another envelope": (
        write("verdict.sigstore.json", render_envelope(b"{}", OTHER_KEY.signer)),
        "holds another envelope",
    ),
    "the verdict is broken": (write("verdict.json", "{"), "verdict.json is not valid JSON"),
    "the verdict is a link": (move_the_verdict_behind_a_link, "verdict.json is a symbolic link"),
}

SEEN_BY_THE_KEY_ONLY = {
    "the payload was edited",
    "the signature was taken away",
    "signed with another key",
    "another key under the id of the right one",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", KEY.signer)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_signed_is_verified(tmp_path: Path, kind: str) -> None:
    key = KeyPair(kind)
    found = verify_folder(write_run(tmp_path / "run", key.signer), key.verifier)
    assert (found.problems, found.files, found.signed_by) == ((), 3, key.signer.key_id)


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_is_named(folder: Path, what: str) -> None:
    change, says = TAMPERING[what]
    change(folder)
    found = verify_folder(folder, KEY.verifier)
    assert says in "; ".join(found.problems), found.problems


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_with_files_is_found_without_a_key(folder: Path, what: str) -> None:
    """Only who can write the whole folder, the envelope included, goes unseen without one."""
    TAMPERING[what][0](folder)
    is_seen = bool(verify_folder(folder, None, files_only=True).problems)
    assert is_seen is (what not in SEEN_BY_THE_KEY_ONLY)


def test_an_unsigned_folder_is_no_proof(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", None)
    assert "is not signed" in verify_folder(folder, KEY.verifier).problems[0]
    assert "is not signed" in verify_folder(folder, None).problems[0]
    assert verify_folder(folder, None, files_only=True).problems == ()


def test_a_signature_without_a_key_to_verify_it_is_no_proof(folder: Path) -> None:
    assert "no key was given" in verify_folder(folder, None).problems[0]


def test_the_link_to_the_newest_run_may_be_verified(folder: Path) -> None:
    (folder.parent / "latest").symlink_to(folder)
    assert verify_folder(folder.parent / "latest", KEY.verifier).problems == ()


def test_what_is_no_run_is_not_verified(tmp_path: Path) -> None:
    with pytest.raises(NoRunFolder):
        verify_folder(tmp_path, None)
    with pytest.raises(NoRunFolder):
        verify_folder(tmp_path / "nothing", None)


def test_a_run_that_was_killed_has_no_sums(tmp_path: Path) -> None:
    (tmp_path / "verdict.json").write_text("{}")
    assert "SHA256SUMS is missing" in verify_folder(tmp_path, KEY.verifier).problems
