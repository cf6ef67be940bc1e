"""The target's own names for the steps of a rollback. None of them holds a password."""

from __future__ import annotations

from cutover_gates.config.settings import Settings
from cutover_gates.core.triggers.rollback_message import RollbackNames
from cutover_gates.targets.driver_factory import infrastructure_of, previous_of
from cutover_gates.targets.running_target import RunningTarget


def build_rollback_names(settings: Settings, target: RunningTarget) -> RollbackNames:
    """Return the names as settings and target have them; None where neither does."""
    cluster = infrastructure_of(settings, target).cluster
    return RollbackNames(
        target.name,
        deployment=cluster.deployment,
        namespace=cluster.namespace,
        container=cluster.container,
        image=_find_image(settings, target),
        helm_release=cluster.helm_release,
        database=describe_database(target.database),
        backup=target.backup,
        release=target.previous_release,
        cutover_release=target.release,
    )


def describe_database(dsn: str | None) -> str | None:
    """Return name, host and port of a database; None where the DSN does not tell them."""
    if not dsn:
        return None
    # here, because psycopg takes long to load (0.1 s), and most gates order no rollback
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        given = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if value}
    except psycopg.Error:  # it is refused where it is used
        return None
    name, host = given.get("dbname"), given.get("host") or given.get("hostaddr")
    if not name or not host:
        return name
    return f"{name} at {host}:{given['port']}" if "port" in given else f"{name} at {host}"


def _find_image(settings: Settings, target: RunningTarget) -> str | None:
    """Return the image of the release before, by its digest: a tag may have moved since."""
    cluster, previous = infrastructure_of(settings, target).cluster, previous_of(settings, target)
    if cluster.image and cluster.previous_digest:
        return f"{cluster.image}@{cluster.previous_digest}"
    if previous.image and previous.digest:
        return f"{previous.image}@{previous.digest}"
    return None
