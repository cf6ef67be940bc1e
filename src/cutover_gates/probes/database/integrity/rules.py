"""Rules about the integrity of the data."""

from cutover_gates.core.findings import Rule

DECLARATIONS = Rule(
    "DATA-002",
    "Every constraint, index, trigger and rule is in force",
    "What is switched off, invalid or never validated guards nothing.",
    "Validate, rebuild or enable what is named, as its state says.",
)
FOREIGN_KEYS = Rule(
    "DATA-003",
    "Every foreign key refers to an existing row",
    "A row that refers to nothing is lost to whoever looks for it by its owner.",
    "Restore the missing rows or correct the references, before the application writes again.",
)
IMPLIED_KEYS = Rule(
    "DATA-004",
    "Every reference that the settings declare finds its row",
    "The database does not guard these references, so only this check sees a broken one.",
    "Restore the missing rows or correct the references (migrations.keys).",
)
UNIQUE_VALUES = Rule(
    "DATA-005",
    "Every unique value exists once",
    "Two rows with one key are mixed up, and a dump that holds both cannot be restored.",
    "Find out which of the rows is right, merge or delete the other, and rebuild the index.",
)
EXCLUSIONS = Rule(
    "DATA-006",
    "No two rows conflict that an exclusion constraint keeps apart",
    "Two rows that exclude each other, such as two stays in one bed, mislead whoever reads them.",
    "Find out which of the rows is right, correct the other, and rebuild the index.",
)
NOT_NULL = Rule(
    "DATA-007",
    "Every column that must have a value has one",
    "The application fails on a row without the value, or shows it wrongly.",
    "Fill in the missing values.",
)
CHECK_CONSTRAINTS = Rule(
    "DATA-008",
    "Every row satisfies the check constraints",
    "The application relies on what the constraint says, and the row cannot be changed any more.",
    "Correct the named rows, or the constraint if it is wrong.",
)
GENERATED_COLUMNS = Rule(
    "DATA-009",
    "Every generated column holds the value of its expression",
    "A search by a stale generated value misses the row.",
    "Write the named rows anew (UPDATE of a base column), so that the server computes them.",
)
PARTITION_BOUNDS = Rule(
    "DATA-010",
    "Every row is in the partition whose bounds it fits",
    "A query looks only in the partition that fits, so it misses the row, which may exist twice.",
    "Move the named rows: delete them from the partition and insert them into its parent.",
)
SEQUENCE_POSITION = Rule(
    "DATA-011",
    "Every sequence is ahead of the values in its column",
    "The next insert fails, or gives a number twice.",
    "Set the sequence behind the last value: SELECT setval('sequence', max(column)).",
)
SEQUENCE_ROOM = Rule(
    "DATA-012",
    "Every sequence has numbers left",
    "When the numbers are used up, every insert fails.",
    "Change the column and the sequence to a larger type.",
)
INDEX_CONTENT = Rule(
    "DATA-013",
    "Every index agrees with its table",
    "What is looked up by the index is not found, or found twice.",
    "Run REINDEX INDEX CONCURRENTLY for the named index.",
)
SOMETHING_DECLARED = Rule(
    "DATA-014",
    "The schemas of the settings hold tables with constraints",
    "Checking all constraints of a schema that has none proves nothing.",
    "Correct migrations.schemas, or have the migration that creates the tables applied.",
)
READABLE_DECLARATIONS = Rule(
    "DATA-015",
    "The constraints of the schemas can be read from the catalog",
    "A constraint that is not known cannot be checked.",
    "Run again when no session changes a table.",
)
