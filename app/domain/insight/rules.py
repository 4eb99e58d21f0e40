"""What may honestly be said of work under way."""

from __future__ import annotations

from datetime import timedelta

SAMPLE = 100
"""Things that must have been read before a rate means anything..."""
SAMPLE_TIME = timedelta(seconds=20)
"""... and for how long."""


def time_left(seen: int, total: int | None, elapsed: timedelta) -> timedelta | None:
    """How much longer a reading takes if it goes on at the rate it had so far, waits and stops included; None while that cannot be
    known: nobody said how much there is, or too little has been read."""
    if total is None or seen < min(SAMPLE, total) or elapsed < SAMPLE_TIME:
        return None
    return elapsed * (max(total - seen, 0) / seen) if seen else None
