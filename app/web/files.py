"""Style, script and pictures: sent from memory, kept by browsers for a year where the address carries the version."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from app.web.assets import Asset
from app.web.context import context

pages = Blueprint("files", __name__)

A_YEAR = "public, max-age=31536000, immutable"
SHORT = "public, max-age=300, stale-while-revalidate=86400"
"""For an address that stays while its content changes: the loader's, which stands in themes."""


@pages.get("/embed/<name>")
def embedded(name: str) -> Response:
    """A module of another origin is fetched with CORS, a style sheet of one must be allowed to be embedded."""
    response = _send(context().assets.embedded.get(name))
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@pages.get("/static/<name>")
def static(name: str) -> Response:
    return _send(context().assets.static.get(name))


def _send(asset: Asset | None) -> Response:
    if asset is None:
        abort(404)
    response = Response(asset.body, content_type=asset.media_type)
    response.set_etag(asset.version)
    response.headers["Cache-Control"] = A_YEAR if request.args.get("v") == asset.version else SHORT
    response.make_conditional(request)
    return response
