"""Faults of instances and images, with a stand-in for the API of Kubernetes.

The instance is a process at an address of its own; the cluster knows its pod by that address.
"""

from __future__ import annotations

import subprocess
import threading
import time
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from cutover_gates.watch import rules
from cutover_gates.watch.assessments import WatchAssessments
from tests.calibration import scale_seconds
from tests.faults.watch.fired_triggers import ERRORS, HEALTH
from tests.faults.watch.two_releases import TriggerFault
from tests.standins.deployment_objects import IMAGE, NAME, NAMESPACE, ago, deployment_objects, pod
from tests.standins.https_server import authority
from tests.standins.kubernetes_api import KubernetesApi, kubernetes_api
from tests.watched_hospital import TARGET, WatchedHospital

ADDRESS = "127.0.0.9"
BEFORE, NEW, NEWER = (f"sha256:{letter * 64}" for letter in "abc")


class _Instance(BaseHTTPRequestHandler):
    """Answers the ready path with the statuses in turn."""

    statuses: ClassVar[list[int]] = [200]
    asked: ClassVar[int] = 0

    def do_GET(self) -> None:
        status = self.statuses[type(self).asked % len(self.statuses)]
        type(self).asked += 1
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class DeploymentTriggerFault(TriggerFault):
    """`kubernetes` is the stand-in, `instance` the process at the address of the first pod."""

    kubernetes: KubernetesApi
    instance: ThreadingHTTPServer
    baseline = 0.0
    paths = ""
    limits = "evaluate_seconds = 1"

    def watch(self, hospital: WatchedHospital) -> WatchAssessments:
        with ExitStack() as stack:
            signed = authority(hospital.folder)
            self.kubernetes = stack.enter_context(kubernetes_api(signed))
            self.kubernetes.objects = deployment_objects(BEFORE, BEFORE)
            self.pods[0]["status"]["podIP"] = ADDRESS
            _Instance.statuses = [200]
            self.instance = ThreadingHTTPServer((ADDRESS, 0), _Instance)
            threading.Thread(target=self.instance.serve_forever, daemon=True).start()
            stack.callback(self.stop_instance)
            return super().watch(hospital)

    @property
    def pods(self) -> list[dict[str, Any]]:
        """The pods that the cluster tells of."""
        return self.kubernetes.objects["pods"]

    def stop_instance(self) -> None:
        """End the process at the pod's address."""
        self.instance.shutdown()
        self.instance.server_close()

    def tables(self, hospital: WatchedHospital) -> str:
        token = hospital.folder / "token"
        token.write_text(self.kubernetes.token, encoding="utf-8")
        values = {
            "api": self.kubernetes.url,
            "ca_file": self.kubernetes.ca_file,
            "token_file": token,
            "namespace": NAMESPACE,
            "deployment": NAME,
            "image": IMAGE,
            "digest": NEW,
            "previous_digest": BEFORE,
        }
        lines = [f'{name} = "{value}"' for name, value in values.items()]
        return "\n".join([f"[targets.{TARGET}.infrastructure.cluster]", *lines])

    def write_settings(self, hospital: WatchedHospital, begins: float, paths: str) -> None:
        super().write_settings(hospital, begins, paths)
        file = hospital.folder / "cutover.toml"
        backends = f'backends = ["http://{ADDRESS}:{self.instance.server_address[1]}"]'
        text = file.read_text(encoding="utf-8").replace(
            "instance_header =", f"{backends}\ninstance_header ="
        )
        file.write_text(text, encoding="utf-8")

    def add_new_pod(self, name: str, digest: str, minutes: float) -> None:
        """Have the cluster tell of a pod of the new release."""
        made = pod(name, digest)
        made["metadata"]["creationTimestamp"] = ago(minutes=minutes)
        self.pods.append(made)


class AnInstanceDiesThatNobodyTookAway(DeploymentTriggerFault):
    """The balancer has others; the plan says that each instance counts."""

    item = "trigger-health"
    check = HEALTH
    breaks = (rules.NOT_FIRED,)
    shows = f"health/instance:{ADDRESS}"
    lasts = 5.0

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        self.stop_instance()
        time.sleep(scale_seconds(self.lasts))


class ReadinessFlaps(DeploymentTriggerFault):
    """A check of a shared service pulls instances out and puts them back (hazard 49)."""

    item = "trigger-health"
    check = HEALTH
    outcome = "not proven"
    breaks = (rules.DECIDED,)
    shows = "of its last 20 checks"
    lasts = 13.0

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        _Instance.statuses = [200, 503]
        time.sleep(scale_seconds(self.lasts))


class AnotherImageIsPushedMeanwhile(DeploymentTriggerFault):
    """What was seen of the first one proves nothing of the second (hazard 47)."""

    item = "trigger-error-rate"
    check = ERRORS
    outcome = "not proven"
    breaks = (rules.DECIDED,)
    shows = "another image of the new release runs"

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        self.add_new_pod("new-1", NEW, minutes=3)
        time.sleep(3)
        self.add_new_pod("new-2", NEWER, minutes=1)
        time.sleep(scale_seconds(3))
