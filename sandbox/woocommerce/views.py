"""What every answer of the REST API is written with: addresses, moments, money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sandbox.woocommerce.side import Sides
from sandbox.world import Store

Json = dict[str, object]

UPLOADS = "/wp-content/uploads/2026/04"
WHOLE = ("GET", "POST", "PUT", "PATCH", "DELETE")


def money(amount: int) -> str:
    return f"{amount / 100:.2f}"


@dataclass(frozen=True, slots=True)
class Views:
    """How one store's things look from `base`, the address that the asker used, without a trailing slash."""

    store: Store
    sides: Sides
    base: str

    def local(self, at: datetime) -> str:
        return at.astimezone(ZoneInfo(self.store.profile.timezone)).strftime("%Y-%m-%dT%H:%M:%S")

    def both(self, name: str, at: datetime | None) -> Json:
        """A moment as the API doubles it: site-local without an offset, and in UTC without a Z."""
        gmt = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") if at else None
        return {f"date_{name}": self.local(at) if at else None, f"date_{name}_gmt": gmt}

    def api(self, path: str) -> str:
        return f"{self.base}/wp-json/wc/v3/{path}"

    def links(self, path: str, collection: str, allow: tuple[str, ...] = WHOLE) -> Json:
        return {
            "self": [{"href": self.api(path), "targetHints": {"allow": list(allow)}}],
            "collection": [{"href": self.api(collection)}],
        }

    def image(self, image_id: int, handle: str) -> Json:
        if not image_id:
            return {"id": 0, "src": ""}
        return {"id": str(image_id), "src": self.upload(handle)}

    def upload(self, handle: str) -> str:
        return f"{self.base}{UPLOADS}/{handle}.svg"
