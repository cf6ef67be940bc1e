"""The rollout: what one step proves of the new release, beside the one before."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.deployment.step_health.assessments import StepInstances
from cutover_gates.probes.observability.metrics.memory_growth import StepMemory
from cutover_gates.probes.rollout.assessments import RolloutAssessments
from cutover_gates.probes.rollout.kept_release import KeptRelease
from cutover_gates.probes.rollout.side_effects import SideEffects

pytestmark = pytest.mark.plan("canary-deployment", "half-deployment", "full-deployment")


def test_the_step_had_two_releases_and_one_image(rollout: RolloutAssessments) -> None:
    """The step was watched, only the two releases answered, and the new one had one image.

    What was proven of one image says nothing of another that was deployed meanwhile.
    """
    assert_passed(rollout.assess_conduct())


def test_the_new_release_answered_its_share(rollout: RolloutAssessments) -> None:
    """The new release answered the share of the step, during all of it, on each critical path.

    A canary without traffic proves nothing, and one of three pods is a third of the wards.
    """
    assert_passed(rollout.assess_share())


def test_the_new_release_fails_no_more_than_the_old_one(rollout: RolloutAssessments) -> None:
    """The new release fails no more often than the old one does at the same time.

    What hits both, such as a slow database, is not blamed on the new one.
    """
    assert_passed(rollout.assess_errors())


def test_the_new_release_is_no_slower_than_the_old_one(rollout: RolloutAssessments) -> None:
    """The new release answers no slower than the old one does at the same time."""
    assert_passed(rollout.assess_latency())


def test_the_new_release_fails_few_requests(rollout: RolloutAssessments) -> None:
    """The new release fails at most as often as the step allows: proven, and not only observed.

    The answers of the steps before count, too, while the image is the same.
    """
    assert_passed(rollout.assess_error_limit())


def test_the_instances_were_well_during_the_step(step_instances: StepInstances) -> None:
    """No instance ended, was killed or was not ready during the step, as the cluster tells.

    What ends at a tenth of the traffic ends more often at all of it.
    """
    assert_passed(step_instances.assess_instances())


def test_the_release_before_is_kept_ready(kept_release: KeptRelease) -> None:
    """After the switch of a blue-green rollout every instance of the release before is ready.

    Until the new release is proven, the way back is one switch.
    """
    assert_passed(kept_release.assess())


def test_no_job_ran_twice_and_no_message_was_left(side_effects: SideEffects) -> None:
    """Each declared job ran once in each interval, and no declared count of lost messages grew.

    Each release brings its own scheduler, and reads the queue of the other.
    """
    assert_passed(side_effects.assess())


def test_the_memory_of_the_new_release_lasts(step_memory: StepMemory) -> None:
    """No instance of the new release grows so fast that it is killed, while the old one does not.

    A leak shows itself in hours, and a step has minutes.
    """
    assert_passed(step_memory.assess())
