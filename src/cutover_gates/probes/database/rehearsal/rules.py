"""Rules for the rehearsal of a migration, for its scripts, and for its run on staging."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

SCRIPTS_RUN = Rule(
    "REHEARSAL-001",
    "Every pending script runs to its end on a restored copy",
    "A script that fails on the copy fails in the night, on the same data.",
    "Correct the script, and rehearse again.",
)
SCRIPTS_IN_TIME = Rule(
    "REHEARSAL-002",
    "The pending scripts run within the time that they may take",
    "A migration that takes longer than planned overruns the maintenance window.",
    "Make the named script faster, or raise migrations.rehearsal.script_seconds.",
)
SHORT_WAITS = Rule(
    "REHEARSAL-003",
    "Nobody waits longer for a script than allowed",
    "People who work during the migration get no answer while a statement waits for a lock.",
    "Split the script or make its locks shorter, or raise migrations.rehearsal.lock_seconds.",
)
SHORT_LOCKS = Rule(
    "REHEARSAL-004",
    "No script keeps writers out of a table longer than allowed",
    "Nobody can write to the table meanwhile, also where the workload did not try.",
    "Split the script or make its locks shorter, or raise migrations.rehearsal.lock_seconds.",
)
RUNNING_RELEASE_WORKS = Rule(
    "REHEARSAL-005",
    "The statements of the running release work during and after the scripts",
    "The release before still runs while the scripts change the tables under it.",
    "Make the change in steps that both releases can work with.",
)
SCRIPTS_PENDING = Rule(
    "REHEARSAL-006",
    "Scripts are pending on the copy",
    "Without pending scripts there is nothing to rehearse.",
    "Name the folder of the release's scripts as migrations.locations, and rehearse before the"
    " cutover.",
)
WORKLOAD_CONCLUSIVE = Rule(
    "REHEARSAL-007",
    "The workload shows who has to wait",
    "Too few statements, slow ones or lost connections hide a wait.",
    "Rehearse on a less busy machine, and declare short statements as rehearsal.workload.",
)
REHEARSED_TO_END = Rule(
    "REHEARSAL-008",
    "The rehearsal runs to its end within the time of the gate",
    "What was not rehearsed to the end is not proven.",
    "Raise migrations.budget_seconds, or correct the script that failed.",
)
DATA_COMPARED = Rule(
    "REHEARSAL-009",
    "The data of the copy is compared before and after the scripts",
    "A script may run well and lose rows.",
    "Remove the named cause, and rehearse again.",
)
COPY_USABLE = Rule(
    "REHEARSAL-010",
    "The restored copy can be worked with",
    "Without a working copy no script can be tried.",
    "Check the scratch server ([targets.NAME.migrations.scratch]).",
)
STAGING_GO = Rule(
    "REHEARSAL-011",
    "The migration on staging ended in GO",
    "A migration that failed on staging fails on production.",
    "Correct what staging's verdict names, and run phase1 there again.",
)
STAGING_RELEASE = Rule(
    "REHEARSAL-012",
    "Staging was migrated with this release",
    "The verdict on another release says nothing about this one.",
    "Migrate staging with this release, and run phase1 there.",
)
STAGING_SCRIPTS = Rule(
    "REHEARSAL-013",
    "Staging was migrated with these very scripts",
    "A script that was changed after staging was never tried.",
    "Migrate staging with these scripts, and run phase1 there.",
)
STAGING_JUDGED = Rule(
    "REHEARSAL-014",
    "A verdict of phase1 on staging is in the reports folder",
    "Without it nothing says that staging had this migration.",
    "Run pytest -m phase1 --target staging, or copy its run into the reports folder.",
)
STAGING_EVIDENCE = Rule(
    "REHEARSAL-015",
    "The verdict of staging names the scripts that were applied",
    "Without their SHA-256 nothing says that they are the same scripts.",
    "Run phase1 on staging again.",
)
OLD_RELEASE_DECLARED = Rule(
    "REHEARSAL-016",
    "The settings say how the release before is started",
    "Both releases run on the new schema during the rollout, and a rollback leaves the old one on"
    " it.",
    "Set command or image in [targets.NAME.previous]. Where the release before is stopped for good,"
    " give the reason in [targets.NAME.capabilities] under release-before.",
)
OLD_RELEASE_STARTS = Rule(
    "REHEARSAL-017",
    "The release before starts on the new schema",
    "A pod that is rescheduled in the night, and each one of a rollback, starts there.",
    "Read what it printed. Keep what it validates at its start, or move the script above"
    " migrations.point_of_no_return.",
)
OLD_RELEASE_WORKS = Rule(
    "REHEARSAL-018",
    "The functional checks pass on the release before, on the new schema",
    "People work with it until the last instance is replaced, and after a rollback.",
    "Read the verdict that is named. Expand only: keep the old columns, fill them by triggers, and"
    " move the rest above migrations.point_of_no_return. Where the message speaks of the mapping or"
    " the settings, correct [targets.NAME.previous].",
)
OLD_RELEASE_GOES_ON = Rule(
    "REHEARSAL-019",
    "The release before goes on while the scripts run under it",
    "Its open connections hold plans of the old schema. PostgreSQL refuses a plan whose result has"
    " another type.",
    "Add a new column instead of changing the type of an old one.",
)
OLD_RELEASE_PROVEN = Rule(
    "REHEARSAL-020",
    "The functional checks run on the release before to their end",
    "Without a verdict nothing says that the release before works on the new schema.",
    "Read the verdict or the output that is named, and correct [targets.NAME.previous].",
)
LOCKING_STATEMENT = Rule(
    "LINT-001",
    "No pending script locks people out",
    "A statement that locks for a moment on a small copy locks for minutes on a large table.",
    "Rewrite the statement, or name squawk's rule with a reason under rehearsal.lint_except.",
)
BREAKING_STATEMENT = Rule(
    "LINT-002",
    "No pending script breaks the running release",
    "The release before still runs while the scripts change the tables under it.",
    "Make the change in steps that both releases can work with, or name squawk's rule with a reason"
    " under rehearsal.lint_except.",
)
UNKNOWN_REMARK = Rule(
    "LINT-003",
    "No pending script gets a remark that the suite does not know",
    "A newer squawk may know a harm that the suite has not classed.",
    "Read squawk's page on the rule, and rewrite the statement or name the rule with a reason under"
    " rehearsal.lint_except.",
)
LINTER_WORKS = Rule(
    "LINT-004",
    "The linter squawk is installed and answers",
    "Scripts that were not linted are not proven.",
    "Install it: pip install squawk-cli",
)
SCRIPT_LINTABLE = Rule(
    "LINT-005",
    "The linter can read every pending script",
    "What the linter cannot read it does not judge.",
    "Correct the statement, or declare the placeholder under migrations.placeholders.",
)
SCRIPTS_KNOWN = Rule(
    "LINT-006",
    "The scripts of the release are known",
    "Without them there is nothing to lint.",
    "Run the gate before the cutover, or take a snapshot before it.",
)
NIGHT_ONLY_EXPANDS = Rule(
    "LINT-007",
    "No script of the night takes away what the release before uses",
    "The release before still runs during the rollout, and comes back in a rollback.",
    "Move the named change to a script above migrations.point_of_no_return, which a later night"
    " applies; or, where the release before is stopped for good, name squawk's rule with a reason"
    " under rehearsal.lint_except.",
)
