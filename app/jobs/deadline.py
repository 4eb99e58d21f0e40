"""Until when the present batch must have ended: written by the process that works on it, read by the parent that ends it."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from ctypes import c_double
from multiprocessing.sharedctypes import RawValue


def new_cell() -> c_double:
    """Memory that a process shares with the children it forks; 0 while nothing is under way."""
    return RawValue(c_double, 0.0)


class Deadline:
    """This process's own, by the monotonic clock, which is the same for all processes of a machine (clock_gettime(2))."""

    cell = c_double(0.0)


@contextmanager
def limited_to(seconds: float) -> Generator[None]:
    """The block must end within `seconds`. Nothing interrupts it from inside: an alarm cannot end what does not return to Python,
    and would come in the middle of anything. Whoever dies here is followed by another who finds the rows as they were."""
    Deadline.cell.value = time.monotonic() + seconds
    try:
        yield
    finally:
        Deadline.cell.value = 0.0


def is_overdue(cell: c_double) -> bool:
    return 0.0 < cell.value < time.monotonic()
