"""Where an order is: the date first, then each parcel with what was said of it."""

from app.widgets.base import Widget
from app.widgets.tracking.view import view

WIDGET = Widget(slug="tracking", view=view)
