"""Flags of the catalog: is each constraint, index, trigger and rule in force?"""

from __future__ import annotations

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.integrity import rules
from cutover_gates.probes.database.integrity.table_structure import (
    read_structure,
    report_empty_declarations,
)

# Each query gives what exists (`name`) and its bad state (`wrong`, null where it is in force).
# `to_jsonb` reads flags that older servers do not have.
_CONSTRAINTS = """
SELECT coalesce(c.relname, t.typname) || '.' || con.conname AS name, n.nspname AS schema,
       CASE WHEN NOT coalesce((to_jsonb(con) ->> 'conenforced')::boolean, true)
            THEN 'a constraint that is NOT ENFORCED'
            WHEN NOT con.convalidated THEN 'a constraint that is NOT VALID' END AS wrong
FROM pg_constraint con JOIN pg_namespace n ON n.oid = con.connamespace
LEFT JOIN pg_class c ON c.oid = con.conrelid LEFT JOIN pg_type t ON t.oid = con.contypid
WHERE n.nspname = ANY (%(schemas)s) ORDER BY 1
"""
_INDEXES = """
SELECT c.relname || '.' || x.relname AS name, n.nspname AS schema,
       CASE WHEN NOT i.indislive THEN 'an index that is being dropped, or was left half dropped'
            WHEN NOT i.indisvalid
            THEN 'an invalid index, as a failed CREATE INDEX CONCURRENTLY leaves it'
            WHEN NOT i.indisready THEN 'an index that is not ready (new rows do not enter it)'
       END AS wrong
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s) ORDER BY 1
"""
_TRIGGERS = """
SELECT c.relname || '.' ||
           coalesce(con.conname || ' (trigger of the constraint, ' || p.proname || ')', t.tgname)
           AS name,
       n.nspname AS schema,
       CASE t.tgenabled WHEN 'D' THEN 'a trigger that is switched off'
                        WHEN 'R' THEN 'a trigger that fires only for replicated rows' END AS wrong
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc p ON p.oid = t.tgfoid
LEFT JOIN pg_constraint con ON con.oid = t.tgconstraint AND t.tgisinternal
WHERE n.nspname = ANY (%(schemas)s) ORDER BY 1
"""
_RULES = """
SELECT c.relname || '.' || r.rulename AS name, n.nspname AS schema,
       CASE WHEN r.ev_enabled NOT IN ('O', 'A')
            THEN 'a rule that is switched off in ordinary sessions' END AS wrong
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s) AND r.rulename <> '_RETURN' ORDER BY 1
"""
_EVENT_TRIGGERS = """
SELECT evtname AS name, NULL AS schema,
       CASE WHEN evtenabled NOT IN ('O', 'A')
            THEN 'an event trigger that is switched off in ordinary sessions' END AS wrong
FROM pg_event_trigger WHERE %(schemas)s::text[] IS NOT NULL ORDER BY 1
"""
_PARTITIONS = """
SELECT c.relname AS name, n.nspname AS schema,
       'a partition that was left half detached (DETACH PARTITION … FINALIZE)' AS wrong
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s) AND to_jsonb(i) -> 'inhdetachpending' = 'true' ORDER BY 1
"""
_DEFAULTS = """
SELECT 'the settings of ' || coalesce('the role ' || r.rolname, 'every role') || ' in '
           || coalesce('the database ' || d.datname, 'every database') AS name,
       NULL AS schema, setting || ' (constraints and triggers are off)' AS wrong
FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS setting
LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
WHERE (s.setdatabase = 0 OR d.datname = current_database())
AND setting ILIKE 'session_replication_role=%%' AND setting NOT ILIKE '%%=origin'
AND setting NOT ILIKE '%%=local' AND %(schemas)s::text[] IS NOT NULL
"""
_SESSION = (
    "SELECT current_setting('session_replication_role') AS role WHERE %(schemas)s::text[] IS NOT"
    " NULL"
)
_KINDS = {
    "constraints": _CONSTRAINTS,
    "indexes": _INDEXES,
    "triggers": _TRIGGERS,
    "rules": _RULES,
    "event triggers": _EVENT_TRIGGERS,
    "partitions": _PARTITIONS,
    "defaults": _DEFAULTS,
}
_REPLICATION_ROLES_THAT_GUARD = ("origin", "local")


def check_declarations(context: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Check every constraint, index, trigger and rule of the schemas by its flags."""
    builder = AssessmentBuilder()
    structure = read_structure(context, reader)
    for kind, query in _KINDS.items():
        _check_kind(context, reader, kind, query, builder)
    # The session has no setting of its own, so it shows what everybody gets who sets nothing.
    role = reader.query_catalog(_SESSION)[0]["role"]
    if role not in _REPLICATION_ROLES_THAT_GUARD:
        builder.add_finding(
            rules.DECLARATIONS,
            "session_replication_role",
            expected="origin",
            actual=f"{role} in every session that sets nothing else",
            reproduce="SHOW session_replication_role",
        )
    report_empty_declarations(structure, builder, "declares nothing")
    return builder


def _check_kind(
    context: DatabaseContext,
    reader: BoundedReader,
    kind: str,
    query: str,
    builder: AssessmentBuilder,
) -> None:
    rows = reader.query_catalog(query)
    builder.figures[kind] = len(rows)
    for row in rows:
        name = row["name"]
        if row["schema"]:
            name = context.display_name(f"{row['schema']}.{name}")
        builder.checked.append(name)
        if row["wrong"]:
            builder.add_finding(rules.DECLARATIONS, name, actual=row["wrong"])
