"""Rules about the schema: its objects, and the rights, owners and settings around them."""

from cutover_gates.core.findings import Rule

SCRIPTED_SCHEMA = Rule(
    "SCHEMA-001",
    "The schema is what the release's scripts make of an empty database",
    "The release was tested with this schema; with another one it fails or stores wrong data.",
    "Apply the missing script, or undo by a script what was changed by hand.",
)
KEY_TABLES = Rule(
    "SCHEMA-002",
    "Every key table exists and holds rows",
    "The release cannot work without these tables.",
    "Find out where the table or its rows went and restore them (migrations.key_tables).",
)
GRANTED_RIGHTS = Rule(
    "SCHEMA-003",
    "Every expected right is granted",
    "The application is refused what it needs, for one table or for all.",
    "GRANT the named right, or name a catalog without it (migrations.expected_catalog).",
)
PUBLIC_RIGHTS = Rule(
    "SCHEMA-004",
    "PUBLIC has no right that nothing expects",
    "Whoever can sign in to the database can use the right.",
    "REVOKE the named right from PUBLIC.",
)
OWNERS = Rule(
    "SCHEMA-005",
    "Every object belongs to the expected role",
    "Only the owner can change an object, so the next migration fails.",
    "Run ALTER … OWNER TO, and migrate with the role that owns the schema.",
)
EXTENSIONS = Rule(
    "SCHEMA-006",
    "The extensions are the expected ones",
    "Functions and types of a missing or another version behave differently.",
    "Install, update or drop the named extension.",
)
DATABASE_SETTINGS = Rule(
    "SCHEMA-007",
    "The settings of the database are as before the migration",
    "A changed collation or setting changes results without any error.",
    "Set the named value back, or take a new snapshot if the change was meant.",
)
ROLES = Rule(
    "SCHEMA-008",
    "Every role may do as much as before the migration",
    "A role with more attributes can read or change what it must not.",
    "Set the attributes back: ALTER ROLE.",
)
ROW_SECURITY = Rule(
    "SCHEMA-009",
    "Row security and its policies are as before the migration",
    "The application sees no rows, or rows that it must not see.",
    "Set the named policy or flag back.",
)
RECORDED_RIGHTS = Rule(
    "SCHEMA-010",
    "Extensions and rights are those of the recorded catalog",
    "The settings say that this catalog is right (migrations.expected_catalog).",
    "GRANT or REVOKE what differs, or record the catalog again.",
)
RECORDED_SCHEMA = Rule(
    "SCHEMA-011",
    "The schema is the recorded one",
    "After a rollback the old release finds a schema that it does not know.",
    "Undo what is named, or restore the backup.",
)
EXPECTED_SCHEMA = Rule(
    "SCHEMA-012",
    "The schema of the release is known",
    "Without it there is nothing to compare with.",
    "Correct migrations.locations, or name a recorded catalog (migrations.expected_catalog).",
)
READABLE_CATALOG = Rule(
    "SCHEMA-013",
    "The catalog of the target can be read",
    "What is not read is not known.",
    "Run again when no session changes a table.",
)
WIDER_RIGHTS = Rule(
    "SCHEMA-014",
    "No role has a right that it had not before and that no script grants",
    "Every holder of the role can read or change what was closed to it.",
    "REVOKE the named right, or grant it by a script of the release.",
)
POWERFUL_ROLES = Rule(
    "SCHEMA-015",
    "No role of the server has gained a power over the database",
    "Such a role reads and changes everything, whatever is granted on it.",
    "Take the named attribute or membership away: ALTER ROLE, REVOKE.",
)
EXPIRED_ROLES = Rule(
    "SCHEMA-016",
    "Every role that could sign in before can still sign in",
    "A role whose password has expired is refused, and the application with it.",
    "ALTER ROLE NAME VALID UNTIL, with a date in the future.",
)
SUPPORTING_OBJECTS = Rule(
    "SCHEMA-017",
    "Publications, casts, options and the like are as before, or as the scripts make them",
    "What they feed or decide goes wrong without an error: replicas, searches, who sees what.",
    "Set the named object back, or change it by a script of the release.",
)
DECLARED_SCHEMAS = Rule(
    "SCHEMA-018",
    "Every schema with tables is declared",
    "Nothing is compared in a schema that the settings do not name, so what is lost there is not"
    " seen.",
    "Add the schema to migrations.schemas, or name it with a reason in migrations.other_schemas.",
)
PLANNER_STATISTICS = Rule(
    "SCHEMA-019",
    "The planner has statistics of every larger table",
    "Without them the planner guesses, and a query of milliseconds takes minutes.",
    "Run ANALYZE on the named table, or vacuumdb --all --analyze-in-stages.",
)
