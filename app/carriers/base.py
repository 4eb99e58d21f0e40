"""The seam to a source of tracking scans: a carrier's own API or an aggregator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.events import ScanFact
from app.kernel.http import Http


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierAccess:
    """How to reach a carrier for one shop: base URL without a trailing slash, and the merchant's own named secrets."""

    base_url: str
    secrets: Mapping[str, str] = field(repr=False)


class Carrier(Protocol):
    slug: str
    aliases: frozenset[str]
    """What shops write when they mean this carrier, in lower case."""
    default_url: str
    """Where the carrier's API is, unless a merchant says otherwise."""
    credential_names: tuple[str, ...]
    """What a merchant must give; stored sealed under these names, given back in `CarrierAccess.secrets`."""
    max_numbers: int
    """How many numbers one call of `scans` may be given."""

    def scans(self, access: CarrierAccess, http: Http, tracking_numbers: Sequence[str]) -> tuple[ScanFact, ...]:
        """All scans known for these numbers, in any order; a number that the carrier does not know yields none.
        `Permanent("bad_key")` for refused keys, `Transient` for limits and everything that may pass."""
        ...
