"""The register of sources of tracking scans: one file and one line each."""

from __future__ import annotations

from app.carriers import dhl
from app.carriers.base import Carrier

CARRIERS: dict[str, Carrier] = {
    "dhl": dhl.CARRIER,
}
