"""Scripts to rehearse in tests: those that the release before has had, and others."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.database.sites import SCRIPTS


def folder_with(folder: Path, **more: str) -> Path:
    """A folder with the scripts that `before` has had (up to 6), and these, by file name without its ending."""
    scripts = folder / "scripts"
    scripts.mkdir(parents=True, exist_ok=True)
    for path in SCRIPTS.glob("V[1-6]__*.sql"):
        shutil.copy(path, scripts)
    for name, text in more.items():
        (scripts / f"{name}.sql").write_text(text, encoding="utf-8")
    return scripts


RELEASE_2 = {
    "patients": {"becomes": {"sex": "CASE sex WHEN 'F' THEN 'female' WHEN 'M' THEN 'male' WHEN 'O' THEN 'other' ELSE 'unknown' END",
                             "phone": "nullif(phone, '')"}},
    "visits": {"drops": ["state"],
               "becomes": {"status": "CASE state WHEN 0 THEN 'open' WHEN 1 THEN 'admitted' WHEN 2 THEN 'discharged' ELSE 'cancelled' END",
                           "admitted_at": "CASE WHEN state IN (1, 2) THEN coalesce(admitted_at, opened_at) END",
                           "reason": "coalesce(nullif(btrim(reason), ''), 'Not recorded')::varchar(500)"}},
    "documents": {"becomes": {"size": "octet_length(content)", "sha256": "encode(sha256(content), 'hex')::varchar(64)",
                              "file_name": r"left(regexp_replace(file_name, '^.*[/\\]', ''), 255)::varchar(255)"}},
    "sessions": {"drops": ["refresh_token_hash", "expires_at"]},
    "audit_entries": {"becomes": {"outcome": "CASE WHEN allowed THEN 'allowed' ELSE 'refused' END"}, "drops": ["allowed"]},
    "refresh_tokens": {"rows": "new"},
    "idempotency_keys": {"rows": "new"},
}
"""What the reference's own scripts 7 to 10 do to its tables."""
