"""Whether what is declared is in force: what the catalog itself says of constraints, indexes,
triggers and rules.
"""

from __future__ import annotations

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.integrity.table_structure import (
    read_structure,
    report_empty_declarations,
)

# Each gives what there is (`name`) and what is wrong with it (`wrong`, null where nothing is).
# `to_jsonb` reads flags that older servers do not have.
_CONSTRAINTS = """
SELECT coalesce(c.relname, t.typname) || '.' || con.conname AS name, n.nspname AS schema,
       CASE WHEN NOT coalesce((to_jsonb(con) ->> 'conenforced')::boolean, true) THEN 'is declared NOT ENFORCED: PostgreSQL never asks it'
            WHEN NOT con.convalidated THEN 'was left NOT VALID: the rows from before were never checked; '
                                           'run ALTER TABLE … VALIDATE CONSTRAINT' END AS wrong
FROM pg_constraint con JOIN pg_namespace n ON n.oid = con.connamespace
LEFT JOIN pg_class c ON c.oid = con.conrelid LEFT JOIN pg_type t ON t.oid = con.contypid
WHERE n.nspname = ANY (%(schemas)s) ORDER BY 1
"""
_INDEXES = """
SELECT c.relname || '.' || x.relname AS name, n.nspname AS schema,
       CASE WHEN NOT i.indislive THEN 'is being dropped, or was left half dropped'
            WHEN NOT i.indisvalid THEN 'is invalid, as a CREATE INDEX CONCURRENTLY that failed leaves one: PostgreSQL does not use it, and '
                                       'pg_dump leaves it out'
            WHEN NOT i.indisready THEN 'is not ready: new rows do not enter it' END AS wrong
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s) ORDER BY 1
"""
_TRIGGERS = """
SELECT c.relname || '.' || coalesce(con.conname || ' (trigger of the constraint, ' || p.proname || ')', t.tgname) AS name, n.nspname AS schema,
       CASE t.tgenabled WHEN 'D' THEN 'is a trigger that is switched off: what it guards is not guarded'
                        WHEN 'R' THEN 'is a trigger that works only for replicated rows, not in an ordinary session' END AS wrong
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_proc p ON p.oid = t.tgfoid
LEFT JOIN pg_constraint con ON con.oid = t.tgconstraint AND t.tgisinternal
WHERE n.nspname = ANY (%(schemas)s) ORDER BY 1
"""
_RULES = """
SELECT c.relname || '.' || r.rulename AS name, n.nspname AS schema,
       CASE WHEN r.ev_enabled NOT IN ('O', 'A') THEN 'is a rule that is switched off in an ordinary session' END AS wrong
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s) AND r.rulename <> '_RETURN' ORDER BY 1
"""
_EVENT_TRIGGERS = """
SELECT evtname AS name, NULL AS schema,
       CASE WHEN evtenabled NOT IN ('O', 'A') THEN 'is an event trigger that is switched off in an ordinary session' END AS wrong
FROM pg_event_trigger WHERE %(schemas)s::text[] IS NOT NULL ORDER BY 1
"""
_PARTITIONS = """
SELECT c.relname AS name, n.nspname AS schema, 'is a partition that was left half detached: run ALTER TABLE … DETACH PARTITION … FINALIZE' AS wrong
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s) AND to_jsonb(i) -> 'inhdetachpending' = 'true' ORDER BY 1
"""
_DEFAULTS = """
SELECT 'the settings of ' || coalesce('the role ' || r.rolname, 'every role') || ' in ' || coalesce('the database ' || d.datname, 'every database')
           || ' (' || setting || ')' AS name, NULL AS schema,
       'switches constraints and triggers off for whoever signs in so: no reference of what they write is checked' AS wrong
FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS setting
LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
WHERE (s.setdatabase = 0 OR d.datname = current_database()) AND setting ILIKE 'session_replication_role=%%' AND setting NOT ILIKE '%%=origin'
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


def check_declarations(site: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Every constraint, index, trigger and rule of the schemas, by its flags."""
    seen, structure = AssessmentBuilder(), read_structure(site, reader)
    for kind, query in _KINDS.items():
        found = reader.query_catalog(query)
        seen.figures[kind] = len(found)
        for row in found:
            name = (
                site.display_name(f"{row['schema']}.{row['name']}")
                if row["schema"]
                else row["name"]
            )
            seen.checked.append(name)
            if row["wrong"]:
                seen.findings.append(f"{name} {row['wrong']}.")
    if (role := reader.query_catalog(_SESSION)[0]["role"]) not in ("origin", "local"):
        seen.findings.append(
            f"session_replication_role is {role} for every session that sets nothing else: no"
            " constraint and no trigger works."
        )
    report_empty_declarations(structure, seen, "declares nothing")
    return seen
