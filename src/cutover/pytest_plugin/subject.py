"""What a verdict is bound to: the target, its release, this suite, these settings, this host."""

from __future__ import annotations

import socket
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from cutover.pytest_plugin.run import Run
from cutover.pytest_plugin.survey import Survey
from cutover.verdict import Subject


def subject_of(run: Run, told: Survey | None = None) -> Subject:
    """The subject as far as it is known; before the target is up its address and release are those
    of the settings.
    """
    target, standing = run.settings.chosen, run.standing
    return Subject(
        target=run.settings.target,
        kind=target.kind,
        address=_without_user(standing.url if standing else target.url or "(being started)"),
        release=(
            standing.release
            if standing
            else run.settings.release or target.release or "(not named)"
        ),
        reported_release=told.release if told else None,
        migration=told.migration if told else None,
        suite_version=_suite_version(),
        suite_commit=_commit(run.root),
        settings=run.settings.digest(),
        host=socket.gethostname(),
        production=target.production,
    )


def _without_user(url: str) -> str:
    """A URL may carry user and password; a verdict never does."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _suite_version() -> str:
    try:
        return version("cutover")
    except PackageNotFoundError:
        return "(not installed)"


def _commit(root: Path) -> str:
    """The commit of the suite, with '+changes' when files differ from it; '(unknown)' outside a git
    checkout.
    """
    try:
        head = _git(root, "rev-parse", "HEAD")
        return head + (
            "+changes" if _git(root, "status", "--porcelain", "--untracked-files=no") else ""
        )
    except (OSError, subprocess.SubprocessError):
        return "(unknown)"


def _git(root: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=root, capture_output=True, text=True, timeout=5, check=True
    ).stdout.strip()
