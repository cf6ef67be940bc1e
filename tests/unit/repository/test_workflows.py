"""What the workflows of the pipeline keep: each run's folder once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = sorted(Path(__file__).parents[3].glob(".github/workflows/*.yml"))


def list_uploads(path: Path) -> list[str]:
    """Return the paths that a workflow uploads as evidence."""
    workflow: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    uploads = [step["with"]["path"] for step in steps if "upload-artifact" in step.get("uses", "")]
    return [upload for upload in uploads if upload.startswith("reports/")]


@pytest.mark.parametrize(
    "path", [path for path in WORKFLOWS if list_uploads(path)], ids=lambda path: path.name
)
def test_each_run_is_uploaded_once(path: Path, tmp_path: Path) -> None:
    """The action follows links, and `latest` is one."""
    run = tmp_path / "reports/runs/20261123T021405Z-staging-phase3-cut1"
    run.mkdir(parents=True)
    (run / "verdict.json").touch()
    (tmp_path / "reports/runs/latest").symlink_to(run.name)
    for upload in list_uploads(path):
        folders = tmp_path.glob(upload.rstrip("/"))
        walked = [found for folder in folders for found in os.walk(folder, followlinks=True)]
        assert [Path(folder) for folder, _, files in walked if "verdict.json" in files] == [run]
