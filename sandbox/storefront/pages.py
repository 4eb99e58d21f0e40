"""A shop's pages: its products, a button that really orders, and each order's own page with the tracking widget in it."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Protocol
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_currency
from flask import Blueprint, Flask, Request, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from sandbox.pictures import picture
from sandbox.stage import Stage
from sandbox.storefront.looks import Look
from sandbox.storefront.widget import Widget
from sandbox.world import Order, OrderState, Product, ScanStatus, Store

NEWEST = 30
SESSION = "shopper-{}"


class Buy(Protocol):
    """Places an order now, of these variants (id and quantity) or of whatever the story likes, for a buyer of this language."""

    def __call__(self, store: Store, *, language: str = "", items: Sequence[tuple[int, int]] = ()) -> Order: ...


@dataclass(frozen=True, slots=True)
class Shopfront:
    """One shop's pages. Orders are read under the world's lock."""

    stage: Stage
    store: Store
    look: Look
    buy: Buy
    widget: Widget

    # --- pages -------------------------------------------------------------------------------------------------------

    def home(self) -> str:
        return self._page("home.html", products=[self._card(product) for product in self.store.products.values()])

    def product(self, handle: str) -> str:
        product = self._product(handle)
        choices = [(variant.id, variant.title, self.money(variant.price)) for variant in product.variants]
        return self._page("product.html", product=product, card=self._card(product), choices=choices)

    def picture(self, handle: str) -> Response:
        answer = Response(picture(self._product(handle)), mimetype="image/svg+xml")
        answer.cache_control.max_age = 3600
        return answer

    def purchase(self) -> AnyResponse:
        """The order is placed and its page opened. See Other, so that a reload of that page does not buy again."""
        variant = request.form.get("variant", "")
        language = request.form.get("language", "")
        if language not in ("", *self.look.readers) or not self._sells(variant):
            abort(HTTPStatus.BAD_REQUEST)
        items = [(int(variant), 1)] if variant else []
        order = self.buy(self.store, language=language, items=items)
        return redirect(self._order_url(order), HTTPStatus.SEE_OTHER)

    def orders(self) -> str:
        with self.stage.world.lock:
            shown = [order for order in self.store.orders.values() if order.status not in HIDDEN]
            rows = [self._row(order) for order in sorted(shown, key=lambda order: order.placed_at)[: -NEWEST - 1 : -1]]
        return self._page("orders.html", rows=rows)

    def order(self, order_id: int) -> Response:
        """Whoever holds the key counts as logged in as this order's customer, on the storefront's own side."""
        with self.stage.world.lock:
            order = opened(self.store, order_id, request.args.get("key", "")) or abort(HTTPStatus.NOT_FOUND)
            lines = [(line, self.money(line.unit_price * line.quantity)) for line in order.lines]
            html = self._page(
                "order.html",
                order=order,
                row=self._row(order),
                lines=lines,
                sums=self._sums(order),
                tax=self.money(order.tax) if order.tax else "",
                total=self.money(order.total),
                widget=self.widget(order),
            )
        answer = Response(html)
        answer.set_cookie(SESSION.format(order.id), order.key, path="/apps", httponly=True, samesite="Lax")
        return answer

    def returns(self) -> str:
        """The shop's own words on sending back: where the letters' link leads."""
        return self._page("returns.html")

    def missing(self) -> str:
        return self._page("missing.html")

    # --- parts -------------------------------------------------------------------------------------------------------

    def _page(self, template: str, **values: object) -> str:
        return render_template(
            f"storefront/{template}", look=self.look, words=self.look.words, shop=self.store.profile, **values
        )

    def _product(self, handle: str) -> Product:
        found = (product for product in self.store.products.values() if product.handle == handle)
        return next(found, None) or abort(HTTPStatus.NOT_FOUND)

    def _sells(self, variant: str) -> bool:
        return not variant or any(
            str(one.id) == variant for product in self.store.products.values() for one in product.variants
        )

    def _card(self, product: Product) -> dict[str, str]:
        prices = sorted({variant.price for variant in product.variants})
        price = self.money(prices[0])
        return {
            "url": url_for("storefront.product", handle=product.handle),
            "picture": url_for("storefront.picture", handle=product.handle),
            "title": product.title,
            "price": f"{self.look.words['from']} {price}" if len(prices) > 1 else price,
        }

    def _row(self, order: Order) -> dict[str, str]:
        return {
            "url": self._order_url(order),
            "number": order.number,
            "placed": self.moment(order.placed_at),
            "total": self.money(order.total),
            "status": self.look.words[status_word(order)],
            "what": ", ".join(line.title for line in order.lines),
        }

    def _sums(self, order: Order) -> list[tuple[str, str]]:
        words = self.look.words
        sums = [(words["subtotal"], order.subtotal + order.discount), (words["discount"], -order.discount)]
        sums += [(fee.title, fee.total) for fee in order.fees]
        return [(name, self.money(amount)) for name, amount in [*sums, (words["shipping"], order.shipping)] if amount]

    def _order_url(self, order: Order) -> str:
        return url_for("storefront.order", order_id=order.id, key=order.key)

    def money(self, minor: int) -> str:
        return format_currency(minor / 100, self.store.profile.currency, locale=self.look.locale)

    def moment(self, at: datetime) -> str:
        zone = ZoneInfo(self.store.profile.timezone)
        return format_datetime(at, self.look.moment, zone, self.look.locale)


HIDDEN = frozenset({OrderState.DRAFT, OrderState.BINNED})


def status_word(order: Order) -> str:
    """The word (looks.py) for how far an order is."""
    if order.status in (OrderState.CANCELLED, OrderState.REFUNDED, OrderState.PENDING):
        return order.status.value
    if order.parcels and all(parcel.status is ScanStatus.DELIVERED for parcel in order.parcels) and not order.unsent():
        return "delivered"
    if order.parcels:
        return "sent"
    return "completed" if order.status is OrderState.COMPLETED else "open"


def opened(store: Store, order_id: int, key: str) -> Order | None:
    """The order, for whoever holds its key."""
    order = store.orders.get(order_id)
    if order is None or order.status in HIDDEN or not hmac.compare_digest(order.key.encode(), key.encode()):
        return None
    return order


def customer_of(store: Store, asked: Request) -> str:
    """The customer whom the storefront has logged in, for a request about one of his orders: the id, empty for nobody."""
    order_id = asked.args.get("order", "")
    if not order_id.isdecimal():
        return ""
    with store.world.lock:
        order = opened(store, int(order_id), asked.cookies.get(SESSION.format(order_id), ""))
        return str(order.customer.ref) if order is not None and order.customer.ref else ""


def mount(app: Flask, stage: Stage, store: Store, look: Look, buy: Buy, widget: Widget) -> None:
    """Add a shop's pages to its store's application: `/`, `/products/<handle>`, `/pictures/<handle>.svg`, `/buy`, `/orders` and
    `/orders/<id>?key=...`."""
    front = Shopfront(stage, store, look, buy, widget)
    blueprint = Blueprint(
        "storefront", __name__, template_folder="templates", static_folder="static", static_url_path="/theme"
    )
    blueprint.add_url_rule("/", "home", front.home)
    blueprint.add_url_rule("/products/<handle>", "product", front.product)
    blueprint.add_url_rule("/pictures/<handle>.svg", "picture", front.picture)
    blueprint.add_url_rule("/buy", "buy", front.purchase, methods=["POST"])
    blueprint.add_url_rule("/returns", "returns", front.returns)
    blueprint.add_url_rule("/orders", "orders", front.orders)
    blueprint.add_url_rule("/orders/<int:order_id>", "order", front.order)
    blueprint.register_error_handler(HTTPStatus.NOT_FOUND, lambda _: (front.missing(), HTTPStatus.NOT_FOUND))
    blueprint.after_request(partial(_guard, policy(stage.encore_url)))
    app.register_blueprint(blueprint)


def _guard(content_security_policy: str, answer: Response) -> Response:
    answer.headers["Content-Security-Policy"] = content_security_policy
    answer.headers["Referrer-Policy"] = "same-origin"  # an order's address carries its key
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def policy(encore_url: str) -> str:
    """A strict shop's Content-Security-Policy: nothing from anywhere but the shop itself, and from Encore what the widget is
    made of. No inline script or style, no exceptions."""
    return "; ".join(
        [
            "default-src 'none'",
            "img-src 'self'",
            f"script-src {encore_url}",
            f"style-src 'self' {encore_url}",
            f"connect-src 'self' {encore_url}",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )
