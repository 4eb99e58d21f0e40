"""What the store's refusals mean: again later, or never by itself."""

from __future__ import annotations

from app.connectors.woocommerce.reading import Record, record, text
from app.kernel.errors import Failure, Permanent, Transient
from app.kernel.http import Answer, json_body

PERMALINK_HINT = "Choose anything but Plain under Settings > Permalinks: WooCommerce takes no keys otherwise."
REDIRECT_HINT = "The store sends us on to another address: connect it under the one that stands in Settings > General."
KEYS_HINT = (
    "Make new keys under WooCommerce > Settings > Advanced > REST API, with the permission Read/Write, by a user who may manage"
    " the shop. A shop behind a proxy must tell WordPress that it is reached over https. A shop without https must be connected"
    " under exactly the address that stands in Settings > General."
)

CODES: dict[str, tuple[str, str]] = {
    "rest_no_route": ("no_route", PERMALINK_HINT),
    "rest_invalid_param": ("bad_request", ""),
    "rest_invalid_json": ("bad_request", ""),
    "rest_missing_callback_param": ("bad_request", ""),
    "woocommerce_rest_cannot_view": ("keys_refused", KEYS_HINT),  # the same as for no key at all
    "woocommerce_rest_shop_webhook_invalid_topic": ("bad_webhook", ""),
    "woocommerce_rest_shop_webhook_invalid_delivery_url": ("bad_webhook", "PUBLIC_URL must be an http(s) address."),
}
STATUSES: dict[int, tuple[str, str]] = {
    401: ("unauthorized", KEYS_HINT),
    403: ("unauthorized", KEYS_HINT),
    404: ("not_found", ""),
    413: ("too_large", ""),
}

AUTHENTICATION = "woocommerce_rest_authentication_error"
REASONS: tuple[tuple[str, str], ...] = (
    ("key is invalid", "bad_key"),
    ("secret is invalid", "bad_secret"),
    ("signature does not match", "bad_secret"),  # or the store signs for another address than ours
    ("have write permissions", "key_cannot_write"),
    ("have read permissions", "key_cannot_read"),
)
"""All of these have one code and one status (401), and only a text tells them apart: English, or whatever the site speaks."""

OWN_CODE = "woocommerce_rest_"
"""How the codes of what WooCommerce itself says begin."""

USED_NONCE = "nonce has already been used"


def failure_from(answer: Answer, method: str) -> Failure | None:
    """None for success; otherwise what to raise."""
    if 200 <= answer.status < 300:
        return None
    if 300 <= answer.status < 400:
        return Permanent("redirected", REDIRECT_HINT)
    if answer.status == 429:
        return Transient("rate_limited", retry_after=answer.retry_after)
    try:
        said = record(json_body(answer))
    except Transient:
        code = "store_down" if answer.status >= 500 else "not_json"  # a host's error page, a bot wall
        return Transient(code, retry_after=answer.retry_after)
    return _refusal(answer, said, method)


def _refusal(answer: Answer, said: Record, method: str) -> Failure:
    code = text(said.get("code"))
    if code == AUTHENTICATION:
        return _authentication(text(said.get("message")))
    if code in CODES:
        return Permanent(*CODES[code])
    if answer.status >= 500:
        return _server_error(answer, code, method)
    if answer.status == 404 and not code.startswith(OWN_CODE):
        # A gateway in front of the store, or a store that is being repaired: to believe it would delete what is there.
        return Transient("store_down", retry_after=answer.retry_after)
    if code == "0" and method == "GET":
        return Permanent("not_found")  # how fulfilments say it, with a 400
    return Permanent(*STATUSES.get(answer.status, ("refused", "")))


def _server_error(answer: Answer, code: str, method: str) -> Failure:
    """WooCommerce also says 500 and 501 for what it understood and will not do, a refund above the total for one."""
    if method != "GET" and code.startswith(OWN_CODE):
        return Permanent("refused")
    return Transient("store_down", retry_after=answer.retry_after)


def _authentication(message: str) -> Failure:
    if USED_NONCE in message:
        return Transient("nonce_used")
    code = next((code for words, code in REASONS if words in message), "keys_refused")
    return Permanent(code, KEYS_HINT)
