"""Fixtures: what a release runs on and comes from.

A target's own settings say where each is; what is not declared is not proven.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cutover.evidence import Recorder, Redactor
from cutover.evidence.examination import examinations_to
from cutover.settings import Settings, SettingsError
from cutover.targets import Standing
from cutover.targets.surroundings import infrastructure_of

if TYPE_CHECKING:
    from cutover.telemetry.ground import Cluster, Pipeline, Registry

SECTION = "targets.{}.infrastructure.{}"


@pytest.fixture(scope="session")
def cluster(
    settings: Settings, standing: Standing, recorder: Recorder, redactor: Redactor
) -> Cluster:
    """The deployment in Kubernetes. All questions of a process go by one look."""
    from cutover.telemetry.credentials import trusting_only
    from cutover.telemetry.ground import Cluster
    from cutover.telemetry.ground.api import Api

    declared = infrastructure_of(settings, standing).cluster
    trusted = settings.path(declared.ca_file) if declared.ca_file else None
    _ = trusting_only(trusted, f"[{SECTION.format(standing.name, 'cluster')}] ca_file")
    api = Api(declared, trusted, settings.path(declared.token_file), redactor)
    return Cluster(standing.name, declared, api.look, examinations_to(recorder))


@pytest.fixture(scope="session")
def registry(
    settings: Settings, standing: Standing, recorder: Recorder, redactor: Redactor
) -> Registry:
    """Where the images of the release and of the one before are pulled from."""
    from cutover.telemetry.credentials import trusting_only
    from cutover.telemetry.ground import Registry
    from cutover.telemetry.ground.oci import Repository

    infrastructure, section = (
        infrastructure_of(settings, standing),
        SECTION.format(standing.name, "registry"),
    )
    declared = infrastructure.registry
    password = settings.secret(declared, "password", section)
    if declared.username is not None and password is None:
        variable = f"CUTOVER_TARGETS__{standing.name}__INFRASTRUCTURE__REGISTRY__PASSWORD".upper()
        raise SettingsError(
            f"the password of {declared.username} at the registry is missing: set {variable}, or"
            f" password_file in [{section}]"
        )
    trusted = trusting_only(
        settings.path(declared.ca_file) if declared.ca_file else None, f"[{section}] ca_file"
    )

    def opened() -> Repository:
        return Repository(
            declared.url or "",
            declared.repository or "",
            declared.username,
            password,
            trusted,
            redactor,
        )

    return Registry(
        standing.name, declared, infrastructure.cluster, opened, examinations_to(recorder)
    )


@pytest.fixture(scope="session")
def pipeline(
    settings: Settings, standing: Standing, recorder: Recorder, redactor: Redactor
) -> Pipeline:
    """What the pipeline wrote down of the commit under judgement."""
    from cutover.telemetry.ground import Pipeline

    declared = infrastructure_of(settings, standing).pipeline
    return Pipeline(
        standing.name,
        standing.release,
        declared,
        settings.path,
        redactor,
        examinations_to(recorder),
    )
