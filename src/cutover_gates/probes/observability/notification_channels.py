"""One marked test message to each channel, by Apprise.

It never tells an address: it holds a secret.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.util.concurrency import run_concurrently

TITLE = "Test message of a cutover check"


def send_test_messages(channels: Mapping[str, str], body: str) -> Mapping[str, str]:
    """What came of each, by its name: "" where the service took the message, else why not.

    Raises `NotProven` without Apprise.
    """
    try:
        import apprise  # slow to load, and only for this
    except ImportError:
        raise NotProven(
            "apprise is not installed; install this project with its extra `surroundings`"
        ) from None
    for name in ("apprise", "urllib3", "requests"):  # their complaints quote the address
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)

    def told(url: str) -> str:
        sender = apprise.Apprise()
        try:
            if not sender.add(url):
                return (
                    "its address is none that Apprise knows: write one as its page on the service"
                    " says"
                )
            return (
                ""
                if sender.notify(title=TITLE, body=body)
                else "the service did not take the message: is the address still valid?"
            )
        except (
            Exception
        ) as error:  # whatever it is, only its kind is told: its text may hold the address
            return f"the message could not be sent: {type(error).__name__}"

    return dict(
        zip(
            channels,
            run_concurrently([partial(told, url) for url in channels.values()]),
            strict=True,
        )
    )
