"""What a store says of itself: name and place, money and time, languages, and where its terms stand."""

from __future__ import annotations

from app.connectors.base import PolicyKind, Profile
from app.connectors.shopify.client import Operation, Store
from app.connectors.shopify.reading import DOMAIN
from app.connectors.shopify.words import language
from app.kernel.errors import Permanent
from app.kernel.reading import Tree, part, parts, text

SHOP = Operation("shop", "Shop")
LANGUAGES = Operation("shop", "Languages")
POLICIES = Operation("shop", "Policies")

POLICY_KINDS = {
    "REFUND_POLICY": PolicyKind.RETURNS,
    "SHIPPING_POLICY": PolicyKind.SHIPPING,
    "PRIVACY_POLICY": PolicyKind.PRIVACY,
    "TERMS_OF_SALE": PolicyKind.TERMS,
    "TERMS_OF_SERVICE": PolicyKind.TERMS,
    "LEGAL_NOTICE": PolicyKind.IMPRINT,
    "CONTACT_INFORMATION": PolicyKind.CONTACT,
}
"""ShopPolicyType of 2026-10. Of a shop that has both terms those of service are taken: the others are for some countries only."""


def read_profile(store: Store) -> Profile:
    """`Permanent` for an address that is no store's. English, and no policies, where the token may not read them: no reason to turn
    a store away."""
    shop = part(store.ask(SHOP).data, "shop")
    domain = text(shop, "myshopifyDomain").lower()
    if not DOMAIN.fullmatch(domain):
        raise Permanent("unexpected_body", "no myshopifyDomain")
    languages = _languages(store)
    return Profile(
        name=text(shop, "name"),
        domain=domain,
        timezone=text(shop, "ianaTimezone"),
        currency=text(shop, "currencyCode"),
        language=next(iter(languages), "en"),
        languages=languages,
        country=text(part(shop, "shopAddress"), "countryCodeV2"),
        email=text(shop, "contactEmail"),
        policies=_policies(store),
    )


def _languages(store: Store) -> tuple[str, ...]:
    """Those that shoppers see, the main one first."""
    locales = parts(_if_granted(store, LANGUAGES), "shopLocales")
    locales.sort(key=lambda one: one.get("primary") is not True)
    return tuple(tag for one in locales if (tag := language(text(one, "locale"))))


def _policies(store: Store) -> dict[PolicyKind, str]:
    told = {
        text(one, "type"): text(one, "url") for one in parts(part(_if_granted(store, POLICIES), "shop"), "shopPolicies")
    }
    return {kind: told[word] for word, kind in POLICY_KINDS.items() if told.get(word)}


def _if_granted(store: Store, operation: Operation) -> Tree:
    try:
        return store.ask(operation).data
    except Permanent as failure:
        if failure.code != "scope_missing":
            raise
        return {}
