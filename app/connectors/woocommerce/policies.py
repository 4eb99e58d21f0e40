"""The pages on which a shop states its terms, so far as anybody may read them."""

from __future__ import annotations

from collections.abc import Mapping

from app.connectors.base import Access, PolicyKind
from app.connectors.woocommerce.reading import Record, link, records, ref, text
from app.kernel.errors import Failure
from app.kernel.http import Http, json_body

KINDS: Mapping[str, PolicyKind] = {
    "refund_returns": PolicyKind.RETURNS,  # WC_Install::create_pages
    "privacy-policy": PolicyKind.PRIVACY,  # https://wordpress.org/documentation/article/settings-privacy-screen/
}
"""By the slug under which WooCommerce and WordPress make the page, as a draft: only a shop that publishes it has it."""


def policies_of(access: Access, http: Http, advanced: Record) -> Mapping[PolicyKind, str]:
    """`advanced` is the group of settings that names the terms' page (`woocommerce_terms_page_id`). Pages are read as a visitor
    reads them, without keys: what is no public page is left out."""
    found = {KINDS[slug]: url for slug, url in _pages(access, http, f"slug={','.join(KINDS)}").items() if slug in KINDS}
    terms = ref(advanced.get("woocommerce_terms_page_id"))
    named = list(_pages(access, http, f"include={terms}").values()) if terms else []
    return {**found, **({PolicyKind.TERMS: named[0]} if named else {})}


def _pages(access: Access, http: Http, query: str) -> Mapping[str, str]:
    """Slugs and addresses (https://developer.wordpress.org/rest-api/reference/pages/)."""
    url = f"{access.base_url}/wp-json/wp/v2/pages?{query}&_fields=slug,link"
    try:
        answer = http.call("GET", url, headers={"Accept": "application/json"})
        pages = records(json_body(answer)) if answer.status == 200 else []
    except Failure:
        return {}
    return {text(page.get("slug")): link(page.get("link")) for page in pages if link(page.get("link"))}
