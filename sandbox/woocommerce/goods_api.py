"""The routes of products, variations, customers and coupons."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.things import Account, Address, Coupon, CouponKind, Person, Product, Variant
from sandbox.woocommerce import coupons, customers, listing, products
from sandbox.woocommerce.calls import ALL, BOTH, ID, Call, Reply, Route, single
from sandbox.woocommerce.errors import RestError, invalid_id
from sandbox.woocommerce.parameters import COUPONS, CUSTOMERS, PRODUCTS, VARIATIONS
from sandbox.woocommerce.writing import address_from, cents

# --- products ---------------------------------------------------------------------------------------------------------


def list_products(call: Call) -> Reply:
    """A SKU may be a variation's."""
    if "sku" in call.values:
        return _by_sku(call, str(call.values["sku"]))
    shown, paging = listing.paged(listing.products(call.site.store, dict(call.values)), dict(call.values))
    return Reply(body=[products.product(call.views, each) for each in shown], paging=paging)


def _by_sku(call: Call, sku: str) -> Reply:
    shop = call.site.store.products.values()
    found = [variant.id for product in shop for variant in product.variants if variant.sku == sku]
    shown, paging = listing.paged(found, dict(call.values))
    return Reply(body=[products.either(call.views, each) for each in shown], paging=paging)


def get_product(call: Call) -> Reply:
    shown = products.either(call.views, call.ids[0])
    if shown is None:
        raise invalid_id("product")
    return Reply(body=shown)


def create_product(call: Call) -> Reply:
    """A simple one."""
    store, body, now = call.site.store, call.body, call.site.store.world.now()
    product_id = store.next_id()
    product = Product(
        id=product_id,
        handle=f"product-{product_id}",
        title=str(body.get("name", "")),
        description="",
        kind="",
        image_id=store.next_id(),
        tax_rate=19,
        created_at=now,
        updated_at=now,
        variants=[Variant(id=product_id, title="", sku=str(body.get("sku", "")), price=0, stock=0)],
    )
    _edit(product.variants[0], body)
    store.add_thing(product)
    pattern = {"permalink_template": f"{call.views.base}/product/%pagename%/", "generated_slug": product.handle}
    shown = {**products.product(call.views, product), **pattern}
    return Reply(body=shown, status=201, location=f"products/{product.id}")


def update_product(call: Call) -> Reply:
    product = _product(call)
    product.title = str(call.body.get("name", product.title))
    product.is_listed = call.body.get("catalog_visibility", "visible" if product.is_listed else "hidden") != "hidden"
    if len(product.variants) == 1:
        _edit(product.variants[0], call.body)
    call.site.store.change_thing(product)
    return Reply(body=products.product(call.views, product))


def delete_product(call: Call) -> Reply:
    """To the bin, or for good, which is told to nobody."""
    product = _product(call)
    shown = products.product(call.views, product)
    if call.is_forced:
        call.site.store.remove_thing(product)
    else:
        call.site.store.bin_thing(product)
    return Reply(body=shown)


def list_variations(call: Call) -> Reply:
    """The newest first."""
    product = _product(call)
    is_ascending = call.values.get("order") == "asc"
    found = sorted(product.variants, key=lambda variant: variant.id, reverse=not is_ascending)
    shown, paging = listing.paged(found if len(product.variants) > 1 else [], dict(call.values))
    return Reply(body=[products.variation(call.views, product, each) for each in shown], paging=paging)


def create_variation(call: Call) -> Reply:
    product = _product(call)
    options = [(entry["name"], entry["option"]) for entry in call.body.get("attributes", [])]
    title = " / ".join(value for _, value in options)
    sku = str(call.body.get("sku", ""))
    variant = Variant(id=call.site.store.next_id(), title=title, sku=sku, price=0, stock=0, options=options)
    _edit(variant, call.body)
    product.variants.append(variant)
    call.site.store.change_thing(product, variant=variant)
    shown = products.variation(call.views, product, variant)
    # As recorded, the address that tells where it is holds the route's own pattern.
    return Reply(body=shown, status=201, location=f"products/(?P<product_id>[\\d]+)/variations/{variant.id}")


def update_variation(call: Call) -> Reply:
    product = _product(call)
    variant = next((each for each in product.variants if each.id == call.ids[1]), None)
    if variant is None:
        raise invalid_id("product_variation")
    _edit(variant, call.body)
    call.site.store.change_thing(product, variant=variant)
    return Reply(body=products.variation(call.views, product, variant))


def _product(call: Call) -> Product:
    product = call.site.store.products.get(call.ids[0])
    if product is None:
        raise invalid_id("product")
    return product


def _edit(variant: Variant, body: Mapping[str, Any]) -> None:
    """A sale price makes the regular one what it cost before."""
    regular = cents(body.get("regular_price") or f"{(variant.was or variant.price) / 100:.2f}")
    sale = cents(body["sale_price"] or 0) if "sale_price" in body else variant.price if variant.was else 0
    variant.price, variant.was = (sale, regular) if 0 < sale < regular else (regular, 0)
    if body.get("stock_quantity") is not None:
        variant.stock = int(body["stock_quantity"])


# --- customers --------------------------------------------------------------------------------------------------------


def list_customers(call: Call) -> Reply:
    shown, paging = listing.paged(listing.customers(call.site.store, dict(call.values)), dict(call.values))
    return Reply(body=[customers.customer(call.views, each) for each in shown], paging=paging)


def get_customer(call: Call) -> Reply:
    return Reply(body=customers.customer(call.views, _account(call)))


def create_customer(call: Call) -> Reply:
    store, body, now = call.site.store, call.body, call.site.store.world.now()
    email = str(body.get("email", ""))
    if any(each.person.email == email for each in store.accounts.values()):
        message = f"An account is already registered with {email}. Please log in or use a different email address."
        raise RestError(400, "registration-error-email-exists", message)
    address = _named(address_from(body.get("shipping", {})), body)
    account = Account(
        id=store.next_id(),
        person=Person(email=email, language=store.profile.language, address=address),
        created_at=now,
        updated_at=now,
    )
    account.person.ref = account.id
    store.add_thing(account)
    return Reply(body=customers.customer(call.views, account), status=201, location=f"customers/{account.id}")


def update_customer(call: Call) -> Reply:
    account = _account(call)
    person = account.person
    person.email = str(call.body.get("email", person.email))
    person.address = _named(address_from(call.body.get("billing", {}), person.address), call.body)
    call.site.store.change_thing(account)
    return Reply(body=customers.customer(call.views, account))


def delete_customer(call: Call) -> Reply:
    account = _account(call)
    if not call.is_forced:
        raise RestError(501, "woocommerce_rest_trash_not_supported", "Customers do not support trashing.")
    shown = customers.customer(call.views, account)
    call.site.store.remove_thing(account)
    return Reply(body=shown)


def _named(address: Address, body: Mapping[str, Any]) -> Address:
    address.first_name = str(body.get("first_name", address.first_name))
    address.last_name = str(body.get("last_name", address.last_name))
    return address


def _account(call: Call) -> Account:
    account = call.site.store.accounts.get(call.ids[0])
    if account is None:
        raise RestError(404, "woocommerce_rest_invalid_id", "Invalid resource ID.")
    return account


# --- coupons ----------------------------------------------------------------------------------------------------------


def list_coupons(call: Call) -> Reply:
    shown, paging = listing.paged(listing.coupons(call.site.store, dict(call.values)), dict(call.values))
    return Reply(body=[coupons.coupon(call.views, each) for each in shown], paging=paging)


def get_coupon(call: Call) -> Reply:
    return Reply(body=coupons.coupon(call.views, _coupon(call)))


def create_coupon(call: Call) -> Reply:
    store, now = call.site.store, call.site.store.world.now()
    code = str(call.body.get("code", "")).lower()
    made = Coupon(id=store.next_id(), code=code, kind=CouponKind.AMOUNT, created_at=now, updated_at=now)
    _write_coupon(call, made)
    store.add_thing(made)
    return Reply(body=coupons.coupon(call.views, made), status=201, location=f"coupons/{made.id}")


def update_coupon(call: Call) -> Reply:
    coupon = _coupon(call)
    _write_coupon(call, coupon)
    call.site.store.change_thing(coupon)
    return Reply(body=coupons.coupon(call.views, coupon))


def delete_coupon(call: Call) -> Reply:
    coupon = _coupon(call)
    shown = coupons.coupon(call.views, coupon)
    if call.is_forced:
        call.site.store.remove_thing(coupon)
    else:
        coupon.extra["meta"] = [call.site.sides.meta("_wp_old_slug", f"{coupon.code}__trashed").shown()]
        call.site.store.bin_thing(coupon)
    return Reply(body=shown)


def _write_coupon(call: Call, coupon: Coupon) -> None:
    body = call.body
    if "discount_type" in body:
        coupon.kind = coupons.KINDS[body["discount_type"]]
    if "amount" in body:
        value = cents(body["amount"])
        coupon.value = value // 100 if coupon.kind == CouponKind.PERCENT else value
    if body.get("date_expires"):
        local = datetime.fromisoformat(body["date_expires"]).replace(tzinfo=ZoneInfo(call.site.store.profile.timezone))
        coupon.ends_at = local.astimezone(UTC)
    coupon.limit = int(body.get("usage_limit") or coupon.limit)
    coupon.minimum = cents(body["minimum_amount"]) if "minimum_amount" in body else coupon.minimum
    coupon.title = str(body.get("description", coupon.title))


def _coupon(call: Call) -> Coupon:
    coupon = call.site.store.coupons.get(call.ids[0])
    if coupon is None:
        raise invalid_id("shop_coupon")
    return coupon


GOODS = (
    Route(
        path="products",
        allow=BOTH,
        is_list=True,
        handlers={"GET": list_products, "POST": create_product},
        query=PRODUCTS,
    ),
    single(f"products/{ID}", get_product, update_product, delete_product),
    Route(
        path=f"products/{ID}/variations",
        allow=BOTH,
        is_list=True,
        handlers={"GET": list_variations, "POST": create_variation},
        query=VARIATIONS,
    ),
    Route(path=f"products/{ID}/variations/{ID}", allow=ALL, handlers={"PUT": update_variation}),
    Route(
        path="customers",
        allow=BOTH,
        is_list=True,
        handlers={"GET": list_customers, "POST": create_customer},
        query=CUSTOMERS,
    ),
    single(f"customers/{ID}", get_customer, update_customer, delete_customer),
    Route(
        path="coupons", allow=BOTH, is_list=True, handlers={"GET": list_coupons, "POST": create_coupon}, query=COUPONS
    ),
    single(f"coupons/{ID}", get_coupon, update_coupon, delete_coupon),
)
