"""Whether this process lives, and whether it can serve. Valkey does not count: it only carries hints."""

from __future__ import annotations

from flask import Blueprint, Response
from sqlalchemy import text

from app.web.context import context

pages = Blueprint("health", __name__)


@pages.get("/healthz")
def healthz() -> Response:
    return Response("ok", mimetype="text/plain")


@pages.get("/readyz")
def readyz() -> Response:
    """Without the database this ends as 503 (errors.py)."""
    with context().runtime.db.house() as session:
        session.execute(text("SELECT 1"))
    return Response("ok", mimetype="text/plain")
