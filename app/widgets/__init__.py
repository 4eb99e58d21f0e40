"""The register of widgets."""

from app.widgets.base import Widget
from app.widgets.tracking import WIDGET as TRACKING

WIDGETS: dict[str, Widget] = {widget.slug: widget for widget in (TRACKING,)}
