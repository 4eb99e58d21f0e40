"""Everything that answers over HTTP. What stands in `create_app` is all there is."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined
from prometheus_client import CollectorRegistry

from app.kernel.runtime import Runtime
from app.web import embed, files, headers, health, hub, openapi
from app.web.assets import WIDGET_FOLDER, Assets, read_assets
from app.web.console import console
from app.web.context import NAME, Context
from app.web.errors import Pages, answer_errors
from app.web.ingest import Ingest
from app.web.lookup import KnownShops
from app.web.metrics import Answered, metrics
from app.web.shedding import shed

TEMPLATES = Path(__file__).parent / "templates"


def create_app(runtime: Runtime) -> Flask:
    """The application, with ingest in front of its pages and the count of answers in front of both."""
    app = Pages("encore", static_folder=None)
    assets = read_assets()
    shops = KnownShops(runtime)
    app.extensions[NAME] = Context(runtime=runtime, shops=shops, assets=assets)
    _prepare_templates(app, assets)
    answer_errors(app)
    headers.protect(app, is_https=runtime.settings.public_url.startswith("https://"))
    registry = CollectorRegistry()
    for pages in (
        health.pages,
        openapi.pages,
        metrics(runtime, registry),
        files.pages,
        hub.pages,
        embed.pages,
        console(),
    ):
        app.register_blueprint(pages)
    shed(app, runtime.settings.web_threads, registry)
    app.wsgi_app = Answered(Ingest(runtime.db, shops, app.wsgi_app), registry)
    return app


def _prepare_templates(app: Pages, assets: Assets) -> None:
    """Undefined names fail loudly; a widget's template stands in the widget's folder."""
    widgets = PrefixLoader({"widgets": FileSystemLoader(WIDGET_FOLDER)})
    app.jinja_options = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    app.jinja_env.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), widgets])

    @app.template_global()
    def static_url(name: str) -> str:  # pyright: ignore[reportUnusedFunction] (the decorator keeps it)
        """Without routing: the error page must stand even where a request's own address could not be read."""
        return f"/static/{name}?v={assets.static[name].version}"
