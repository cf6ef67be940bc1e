"""A fault of the signals: what keeps a metric, a line, an alert or a dashboard from telling the
truth, and the one check that must catch it.
"""

from __future__ import annotations

from typing import ClassVar


class ObservabilityFault:
    """A subclass's name says the harm, its docstring who would suffer what.

    `check` is where it must be caught, `item` what of the plan falls.

    `says` is a word that the check must say of it. `open_end`: nothing is known to be wrong, but
    nothing is proven either.
    """

    item: ClassVar[str]
    check: ClassVar[str]
    says: ClassVar[str] = ""
    open_end: ClassVar[bool] = False
