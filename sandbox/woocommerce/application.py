"""The store's web application: authentication, parameters, routing and headers around the routes of `api`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import cast

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound
from werkzeug.http import http_date

from sandbox.pictures import picture
from sandbox.serving import let_faults_in
from sandbox.stage import Stage
from sandbox.storefront import pages
from sandbox.storefront.looks import NEBELKAMP
from sandbox.storefront.pages import Buy
from sandbox.storefront.widget import Pairing, shortcode
from sandbox.woocommerce import documents, php
from sandbox.woocommerce.api import ROUTES, WAITING
from sandbox.woocommerce.auth import ApiKey, Doorkeeper
from sandbox.woocommerce.calls import Call, Reply, Route
from sandbox.woocommerce.deliveries import Deliveries
from sandbox.woocommerce.errors import Denied, RestError, cannot, no_route
from sandbox.woocommerce.hooks import Hooks
from sandbox.woocommerce.listing import Slice
from sandbox.woocommerce.parameters import checked
from sandbox.woocommerce.side import Sides
from sandbox.woocommerce.site import Site
from sandbox.woocommerce.views import UPLOADS, Views
from sandbox.woocommerce.writing import Writer
from sandbox.world import Store

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
ALWAYS = {
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Expose-Headers": "X-WP-Total, X-WP-TotalPages, Link",
    "Access-Control-Allow-Headers": "Authorization, X-WP-Nonce, Content-Disposition, Content-MD5, Content-Type",
}
UNCACHED = {
    "Expires": "Wed, 11 Jan 1984 05:00:00 GMT",
    "Cache-Control": "no-cache, must-revalidate, max-age=0, no-store, private",
}


class Platform:
    """The store on the air. `app` is served on the address that it was built for; `deliveries` run beside it."""

    def __init__(self, stage: Stage, store: Store, keys: Iterable[ApiKey], url: str) -> None:
        self.store = store
        sides, hooks = Sides(store), Hooks(store)
        self.site = Site(store=store, ledger=stage.ledger, sides=sides, hooks=hooks, writer=Writer(store, sides))
        self.deliveries = Deliveries(stage, self.site, url)
        self._doorkeeper = Doorkeeper(keys)
        self.app = Flask("sandbox.woocommerce", static_folder=None)
        let_faults_in(self.app, stage.faults, store.slug, occasion=_occasion)
        self.app.after_request(self._dated)
        self.app.before_request(self._plain_permalink)
        self.app.add_url_rule("/wp-json/", "index", self._index)
        self.app.add_url_rule("/wp-json/wp/v2/pages", "pages", self._pages)
        self.app.add_url_rule("/wp-json/<path:path>", "rest", self._rest, methods=METHODS)
        self.app.add_url_rule(f"{UPLOADS}/<handle>.svg", "picture", self._picture)

    def pairing(self) -> Pairing | None:
        """What the plugin knows of Encore. It is not installed here, so this reads it off the webhooks that Encore made."""
        with self.store.world.lock:
            for hook in self.site.hooks.active("order.updated"):
                return Pairing(shop=hook.delivery_url.rpartition("/")[2], secret=hook.secret.encode())
        return None

    # --- views -------------------------------------------------------------------------------------------------------

    def _plain_permalink(self) -> Response | None:
        """`?rest_route=` reaches the API, but keys do not count there (rest/plain-permalink)."""
        if "rest_route" not in request.args:
            return None
        return self._error(cannot(request.method, is_list=True), None)

    def _dated(self, answer: Response) -> Response:
        """By the store's own clock, where an app asks."""
        if request.path.startswith("/wp-json/"):
            answer.headers["Date"] = http_date(self.store.world.clock.now())
        return answer

    def _pages(self) -> Response:
        """Anybody's, as `_index` is."""
        slugs, ids = php.words(request.args.get("slug", "")), php.words(request.args.get("include", ""))
        found = [
            page
            for page in documents.public_pages(self._views())
            if (not slugs or page["slug"] in slugs) and (not ids or str(page["id"]) in ids)
        ]
        return self._answer(_narrowed(Reply(body=found)), "GET", cache=True)

    def _picture(self, handle: str) -> Response:
        product = next((one for one in self.store.products.values() if one.handle == handle), None)
        if product is None:
            raise NotFound
        return Response(picture(product), mimetype="image/svg+xml", headers={"Cache-Control": "max-age=86400"})

    def _index(self) -> Response:
        shown = _only(documents.index(self._views()), request.args.get("_fields", ""), keep=())
        return self._answer(Reply(body=shown), "GET", cache=True)

    def _rest(self, path: str) -> Response:
        route = None
        try:
            key = self._doorkeeper.recognise(request) if path.startswith("wc/") else None
            route, ids = _find(path, request.method)
            call = self._call(route, ids)
            if key is None:
                raise cannot(request.method, is_list=route.is_list)
            handler = route.handlers[request.method]
            with nullcontext() if handler in WAITING else self.store.world.lock:
                reply = handler(call)
            return self._answer(_narrowed(reply), route.allow)
        except RestError as error:
            return self._error(error, route)

    def _views(self) -> Views:
        return Views(self.store, self.site.sides, request.host_url.rstrip("/"))

    def _call(self, route: Route, ids: list[int]) -> Call:
        arguments = php.arguments(request.query_string.decode())
        body = _body()
        checked({name: str(value) for name, value in body.items() if name in route.body}, route.body)
        return Call(
            site=self.site,
            views=self._views(),
            ids=ids,
            values=checked(arguments, route.query),
            words={name: value for name, value in arguments.items() if isinstance(value, str)},
            body=body,
        )

    # --- answers -----------------------------------------------------------------------------------------------------

    def _answer(self, reply: Reply, allow: str, *, cache: bool = False) -> Response:
        root = request.host_url.rstrip("/")
        headers = {**ALWAYS, "Link": f'<{root}/wp-json/>; rel="https://api.w.org/"', "Allow": allow}
        if not cache:
            headers.update(UNCACHED)
        if reply.location:
            headers["Location"] = f"{root}/wp-json/wc/v3/{reply.location}"
        if reply.paging is not None:
            headers.update(_paging_headers(reply.paging))
        return Response(php.encode(reply.body), reply.status, headers, content_type="application/json; charset=UTF-8")

    def _error(self, error: RestError, route: Route | None) -> Response:
        answer = self._answer(Reply(body=error.body, status=error.status), route.allow if route else "", cache=True)
        if route is None or isinstance(error, Denied):
            del answer.headers["Allow"]
        if error.status >= 400:
            answer.headers.update(UNCACHED)
        return answer


def application(stage: Stage, store: Store, keys: Iterable[ApiKey], url: str, buy: Buy) -> Platform:
    """The store's application, its storefront included. `url` is where it will be served, without a trailing slash; `buy` places
    an order for the button on the storefront (sandbox/story.py)."""
    platform = Platform(stage, store, keys, url)
    widget = shortcode(stage.encore_url, platform.pairing, NEBELKAMP.words["track"])
    pages.mount(platform.app, stage, store, NEBELKAMP, buy, widget)
    return platform


def _occasion() -> str:
    """Address and method, so that a fault for "/refunds POST" lets those that only look in peace."""
    return f"{request.path} {request.method}"


def _find(path: str, method: str) -> tuple[Route, list[int]]:
    prefix, _, rest = path.partition("wc/v3/")
    for route in ROUTES if not prefix else ():
        match = re.fullmatch(route.path, rest.rstrip("/"))
        if match and method in route.handlers:
            return route, [int(one) for one in match.groups()]
    raise no_route()


def _body() -> dict[str, object]:
    if not request.data:
        return {}
    try:
        return cast(dict[str, object], json.loads(request.data))
    except ValueError as error:
        data: dict[str, object] = {"status": 400, "json_error_code": 4, "json_error_message": "Syntax error"}
        raise RestError(400, "rest_invalid_json", "Invalid JSON body passed.", data) from error


def _narrowed(reply: Reply) -> Reply:
    """`_fields`: in a list nothing else is shown, a single thing keeps its links."""
    fields = request.args.get("_fields", "")
    if isinstance(reply.body, list):
        items = cast(list[Mapping[str, object]], reply.body)  # pyright: ignore[reportUnknownMemberType]
        return replace(reply, body=[_only(item, fields, keep=()) for item in items])
    return replace(reply, body=_only(cast(Mapping[str, object], reply.body), fields, keep=("_links",)))


def _only(shown: Mapping[str, object], fields: str, keep: tuple[str, ...]) -> Mapping[str, object]:
    wanted = {field.partition(".")[0] for field in php.words(fields)}
    return {name: value for name, value in shown.items() if name in wanted or name in keep} if wanted else shown


def _paging_headers(paging: Slice) -> dict[str, str]:
    headers = {"X-WP-Total": str(paging.total), "X-WP-TotalPages": str(paging.pages)}
    arguments = [(name, value) for name, value in request.args.items(multi=False) if name != "page"]

    def link(page: int, rel: str) -> str:
        query = "&".join(f"{name}={value}" for name, value in [*arguments, ("page", str(page))])
        return f'<{request.base_url}?{query}>; rel="{rel}"'

    links = [link(paging.page - 1, "prev")] if paging.page > 1 and paging.total else []
    links += [link(paging.page + 1, "next")] if paging.page < paging.pages else []
    return {**headers, "Link": ", ".join(links)} if links else headers
