"""The Shopify-like store as one web application: Admin GraphQL, webhooks, the app proxy, and the storefront's pages beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import orjson
from flask import Flask, Response, request

from sandbox.serving import let_faults_in
from sandbox.shopify.admin import PATH, Admin
from sandbox.shopify.cost import Bucket
from sandbox.shopify.documents import Documents
from sandbox.shopify.proxy import PREFIX, Proxy
from sandbox.shopify.refunds import Refunds
from sandbox.shopify.shop import Keys, Shop
from sandbox.shopify.subscriptions import Subscriptions
from sandbox.shopify.webhooks import Webhooks
from sandbox.stage import Stage
from sandbox.storefront import pages
from sandbox.storefront.looks import MORROW_AND_FEN
from sandbox.storefront.pages import Buy
from sandbox.storefront.widget import theme_block
from sandbox.world import Store


@dataclass(frozen=True, slots=True)
class Platform:
    """`app` is served on the address that it was built for; `webhooks` are started and stopped beside it."""

    app: Flask
    webhooks: Webhooks
    subscriptions: Subscriptions
    bucket: Bucket


def application(
    stage: Stage, store: Store, keys: Keys, url: str, buy: Buy, documents: Documents | None = None
) -> Platform:
    """The store's application. `url` is where it will be served, without a trailing slash; `buy` places an order for the button on
    the storefront (sandbox/story.py)."""
    shop = Shop(store=store, url=url, keys=keys)
    subscriptions = Subscriptions(store)
    bucket = Bucket()
    admin = Admin(shop, subscriptions, Refunds(shop, stage.ledger), documents or Documents(), bucket)
    proxy = Proxy(stage.encore_url, keys, lambda asked: pages.customer_of(store, asked))
    app = Flask(__name__, static_folder=None)
    let_faults_in(app, stage.faults, store.slug, occasion=_occasion)

    @app.post(PATH)
    def graphql() -> Response:  # pyright: ignore[reportUnusedFunction]
        reply = admin.answer(request.headers.get("X-Shopify-Access-Token", ""), request.get_data())
        answer = Response(orjson.dumps(reply.body), reply.status, mimetype="application/json")
        answer.date = stage.world.now()  # the store's own clock
        return answer

    @app.route(f"{PREFIX}/<path:path>", methods=["GET", "POST"])
    def forward(path: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        return proxy.forward(request, path)

    pages.mount(
        app, stage, store, MORROW_AND_FEN, buy, theme_block(stage.encore_url, PREFIX, MORROW_AND_FEN.words["track"])
    )
    webhooks = Webhooks(stage, shop, subscriptions)
    return Platform(app=app, webhooks=webhooks, subscriptions=subscriptions, bucket=bucket)


def _occasion() -> str:
    """All operations have one address, so a fault may be meant for one of them: "#Refund#"."""
    asked: object = request.get_json(silent=True) if request.path == PATH else None
    name = cast("dict[str, object]", asked).get("operationName") if isinstance(asked, dict) else None
    return f"{request.path}#{name}#" if name else request.path
