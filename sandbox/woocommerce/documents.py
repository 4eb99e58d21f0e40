"""The site's own papers: index, general settings, system status. Texts that only people read are left empty."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sandbox.woocommerce.views import Json, Views
from sandbox.world import StoreProfile

SYSTEM_STATUS = (Path(__file__).parent / "system_status.json").read_text(encoding="utf-8")
COUNTRIES = {
    "DE": "Germany",
    "AT": "Austria",
    "SE": "Sweden",
    "CZ": "Czech Republic",
    "GB": "United Kingdom",
    "TW": "Taiwan",
}
SELLING = {"all": "All", "all_except": "All except", "specific": "Specific"}
CURRENCIES = {"EUR": "Euro (€)", "GBP": "Pound sterling (£)", "SEK": "Swedish krona (kr)", "CZK": "Czech koruna (Kč)"}
PLACES = {"left": "Left", "right": "Right", "left_space": "Left with space", "right_space": "Right with space"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of a group of settings, its optional fields in the recorded order."""

    name: str
    label: str
    kind: str
    default: str
    value: str | Callable[[StoreProfile], str]
    options: dict[str, str] | None = None
    has_tip: bool = True

    def shown(self, views: Views, group: str) -> Json:
        value = self.value if isinstance(self.value, str) else self.value(views.store.profile)
        return {
            "id": f"woocommerce_{self.name}",
            "label": self.label,
            "description": "",
            "type": self.kind,
            "default": self.default,
            **({"options": self.options} if self.options is not None else {}),
            **({"tip": ""} if self.has_tip else {}),
            "value": value,
            "_links": views.links(
                f"settings/{group}/woocommerce_{self.name}", f"settings/{group}", ("GET", "POST", "PUT", "PATCH")
            ),
        }


def _countries(name: str, label: str) -> Setting:
    return Setting(name, label, "multiselect", "", "", COUNTRIES, has_tip=False)


GENERAL = (
    Setting("store_address", "Address line 1", "text", "", lambda profile: profile.street),
    Setting("store_address_2", "Address line 2", "text", "", ""),
    Setting("store_city", "City", "text", "", lambda profile: profile.city),
    Setting("default_country", "Country / State", "select", "US:CA", lambda profile: profile.country, COUNTRIES),
    Setting("store_postcode", "Postcode / ZIP", "text", "", lambda profile: profile.postcode),
    Setting("allowed_countries", "Selling location(s)", "select", "all", "all", SELLING),
    _countries("all_except_countries", "Sell to all countries, except for"),
    _countries("specific_allowed_countries", "Sell to specific countries"),
    Setting("ship_to_countries", "Shipping location(s)", "select", "", "", {"": "All that you sell to", **SELLING}),
    _countries("specific_ship_to_countries", "Ship to specific countries"),
    Setting(
        "default_customer_address", "Default customer location", "select", "base", "base", {"base": "Shop address"}
    ),
    Setting("address_autocomplete_enabled", "Address autocomplete", "checkbox", "no", "no"),
    Setting("calc_taxes", "Enable taxes", "checkbox", "no", "yes"),
    Setting("enable_coupons", "Enable coupons", "checkbox", "yes", "yes"),
    Setting("calc_discounts_sequentially", "Sequential discounts", "checkbox", "no", "no"),
    Setting("currency", "Currency", "select", "USD", lambda profile: profile.currency, CURRENCIES),
    Setting("currency_pos", "Currency position", "select", "left", "right_space", PLACES),
    Setting("price_thousand_sep", "Thousand separator", "text", ",", "."),
    Setting("price_decimal_sep", "Decimal separator", "text", ".", ","),
    Setting("price_num_decimals", "Number of decimals", "number", "2", "2"),
)


EMAIL = (
    Setting("email_from_name", '"From" name', "text", "", lambda profile: profile.name),
    Setting("email_from_address", '"From" address', "email", "", lambda profile: profile.email),
)
ADVANCED = (Setting("terms_page_id", "Terms and conditions", "select", "", ""),)
SETTINGS = {"general": GENERAL, "email": EMAIL, "advanced": ADVANCED}
"""By group. The last two are a part of what the classes WC_Settings_Emails and WC_Settings_Advanced hold."""

PAGES = ((3, "refund_returns", "/returns"),)
"""Id, slug and address of what the shop has published."""


def index(views: Views) -> Json:
    """What `/wp-json/` says to anybody."""
    profile = views.store.profile
    offset = views.store.world.now().astimezone(ZoneInfo(profile.timezone)).utcoffset() or timedelta()
    hours = offset / timedelta(hours=1)
    return {
        "name": profile.name,
        "description": "",
        "url": views.base,
        "home": views.base,
        "gmt_offset": int(hours) if hours == int(hours) else hours,
        "timezone_string": profile.timezone,
        "namespaces": [
            "oembed/1.0",
            "wc/v3",
            "wc/v2",
            "wc/v1",
            "wc/store",
            "wc/store/v1",
            "wc-admin",
            "wc-analytics",
            "wp/v2",
        ],
        "authentication": {
            "application-passwords": {
                "endpoints": {"authorization": f"{views.base}/wp-admin/authorize-application.php"}
            }
        },
    }


def settings(group: str, views: Views) -> list[Json]:
    return [setting.shown(views, group) for setting in SETTINGS[group]]


def public_pages(views: Views) -> list[Json]:
    """What anybody may read of the site's pages (https://developer.wordpress.org/rest-api/reference/pages/): a few fields of it."""
    return [{"id": number, "slug": slug, "link": f"{views.base}{path}"} for number, slug, path in PAGES]


def system_status(views: Views) -> Json:
    shown: Json = json.loads(SYSTEM_STATUS.replace("{base}", views.base))
    return shown
