"""Probe of a rollout: what one step proves of the new release, beside the one before.

    record = RolloutRecord(answers, steps, names, …)   # made by who reads the watcher's record
    rollout = RolloutAssessments(record, settings)
    assert_passed(rollout.assess_errors())

Pure: it knows no file, clock or connection.
"""
