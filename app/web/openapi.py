"""The description of the public addresses, docs/openapi.yaml, for whoever asks the installation itself."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, request

from app.web.assets import version_of

DESCRIPTION = (Path(__file__).parents[2] / "docs/openapi.yaml").read_bytes()

pages = Blueprint("openapi", __name__)


@pages.get("/openapi.yaml")
def describe() -> Response:
    """RFC 9512 names the media type."""
    response = Response(DESCRIPTION, content_type="application/yaml")
    response.set_etag(version_of(DESCRIPTION))
    response.headers["Cache-Control"] = "public, max-age=300"
    response.make_conditional(request)
    return response
