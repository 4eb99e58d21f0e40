"""The seam to a source of tracking scans: a carrier's own API or an aggregator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.events import ScanFact
from app.kernel.http import Http


class Carrier(Protocol):
    slug: str
    max_numbers: int
    """How many numbers one call may ask for."""

    def scans(self, base_url: str, http: Http, tracking_numbers: Sequence[str]) -> tuple[ScanFact, ...]:
        """All scans known for these numbers, in any order; a number that the carrier does not know yields none.
        Raises `Transient` or `Permanent`."""
        ...
