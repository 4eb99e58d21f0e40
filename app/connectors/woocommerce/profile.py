"""What a store says of itself, and whether it lets us in."""

from __future__ import annotations

from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.connectors.base import Access, Profile
from app.connectors.woocommerce.client import Client
from app.connectors.woocommerce.failures import PERMALINK_HINT, REDIRECT_HINT
from app.connectors.woocommerce.policies import policies_of
from app.connectors.woocommerce.reading import Record, amount, email, plain, record, records, text
from app.kernel.errors import Failure, Permanent, Transient
from app.kernel.http import Answer, Http, json_body

INDEX_FIELDS = "name,home,namespaces,gmt_offset,timezone_string"
NAMESPACE = "wc/v3"
HALF_HOURS = {
    "3.5": "Asia/Tehran",
    "4.5": "Asia/Kabul",
    "5.5": "Asia/Kolkata",
    "5.75": "Asia/Kathmandu",
    "6.5": "Asia/Yangon",
    "9.5": "Australia/Darwin",
}
"""A site may name an offset instead of a zone. Whole hours are zones of their own; these are the others without summer time."""


def read_profile(access: Access, http: Http) -> Profile:
    """Three questions that every store must answer: are you WooCommerce, may we read your settings, may we read your orders. What
    else it says of itself is welcome. WooCommerce sells in one language; plugins that add more tell so in no common way."""
    index = _index(access, http)
    client = Client(access, http)
    settings = _settings(client)
    client.get("orders", {"per_page": "1", "_fields": "id"})
    country = text(settings.get("woocommerce_default_country"))
    language = _language(client)
    return Profile(
        name=plain(index.get("name")) or _domain(access.base_url),
        domain=_domain(access.base_url),
        timezone=_timezone(index),
        currency=text(settings.get("woocommerce_currency")).upper(),
        language=language,
        country=country.partition(":")[0].upper(),  # "US:CA"
        email=email(_optional(client, "email").get("woocommerce_email_from_address")) or "",
        languages=(language,),
        policies=policies_of(access, http, _optional(client, "advanced")),
    )


def _index(access: Access, http: Http) -> Record:
    """The list of APIs needs no key. `Permanent` with advice where there is none, or none of WooCommerce's."""
    answer = http.call(
        "GET", f"{access.base_url}/wp-json/?_fields={INDEX_FIELDS}", headers={"Accept": "application/json"}
    )
    if answer.status == 429 or answer.status >= 500:
        raise Transient("store_down", retry_after=answer.retry_after)
    if 300 <= answer.status < 400:
        raise Permanent("redirected", REDIRECT_HINT)
    index = _index_from(answer)
    namespaces = index.get("namespaces")
    if not isinstance(namespaces, list):
        raise Permanent("no_rest_api", f"Is this the address of the shop's front page? {PERMALINK_HINT}")
    if NAMESPACE not in namespaces:
        raise Permanent("no_woocommerce", "This is a WordPress site, but WooCommerce is not active on it.")
    return index


def _index_from(answer: Answer) -> Record:
    try:
        return record(json_body(answer))
    except Transient:
        return {}


def _settings(client: Client) -> Record:
    settings = _group(client, "general")
    if not settings.get("woocommerce_currency"):
        raise Permanent("no_currency", "The store does not say which currency it sells in.")
    return settings


def _group(client: Client, name: str) -> Record:
    body, _ = client.get(f"settings/{name}")
    return {text(entry.get("id")): entry.get("value") for entry in records(body)}


def _optional(client: Client, name: str) -> Record:
    """A group that we can do without."""
    try:
        return _group(client, name)
    except Failure:
        return {}


def _domain(base_url: str) -> str:
    """What tells two stores apart: host, port and path, for WordPress may live below a path."""
    parts = urlsplit(base_url)
    return parts.netloc.lower() + parts.path


def _timezone(index: Record) -> str:
    zone = text(index.get("timezone_string"))
    if _is_zone(zone):
        return zone
    offset = amount(index.get("gmt_offset")) or 0
    hours = int(offset)
    named = f"Etc/GMT{-hours:+d}"  # POSIX counts the other way round: Berlin's winter is Etc/GMT-1
    fallback = named if hours and _is_zone(named) else "UTC"
    return HALF_HOURS.get(str(index.get("gmt_offset")), fallback)


def _is_zone(name: str) -> bool:
    try:
        return bool(name and ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _language(client: Client) -> str:
    """The site's locale ("de_DE_formal") as BCP 47. It stands in the system report only, which some hosts close: then English,
    until the merchant says otherwise."""
    try:
        body, _ = client.get("system_status", {"_fields": "environment"})
    except Failure:
        return "en"
    language, _, rest = text(record(record(body).get("environment")).get("language")).partition("_")
    region = rest.partition("_")[0]
    if not (language.isascii() and language.isalpha()):
        return "en"
    return f"{language}-{region}" if len(region) == 2 and region.isascii() and region.isalpha() else language
