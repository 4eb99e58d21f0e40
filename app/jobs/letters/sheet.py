"""What stands in a letter and in which order, ready to print for one of its two layouts."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from app.domain.shipments.rules import ShipmentFacts
from app.domain.shops.brand import DARK, Page, roles
from app.domain.shops.rules import ShopFacts
from app.jobs.followups.base import Facts
from app.jobs.letters.receipt import Row, is_more_to_come, parcel_rows, receipt_rows
from app.jobs.letters.strip import in_words, strip
from app.jobs.letters.values import letter_day, promise_of, tidy
from app.kernel.copy import Speaker, as_part_of
from app.kernel.errors import Permanent
from app.kernel.text import Target

LONGEST_SUBJECT = 30
BELOW_THE_ORDER = frozenset({"change", "help"})
"""Paragraphs that stand below the order or the parcel; all others stand above it."""
OFFERS = "offers"
"""The purpose that a shopper must have consented to before a block that sells something stands in a letter."""
PAPER = Page(paper="#fdfdfc", ink="#1a1a18")
"""Never pure white: mailboxes that invert colours turn that one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One form of a letter while it is written. `values` are what its texts may read, `offers` what its blocks may read on top.
    What one form has said or reckoned stands in `said` and `rows`, for the other."""

    template: str
    facts: Facts
    values: Mapping[str, Any]
    speaker: Speaker
    target: Target
    offers: Mapping[str, Mapping[str, Any]]
    said: dict[str, str] = field(default_factory=dict[str, str])
    rows: list[Row] = field(default_factory=list[Row])

    def say(self, path: str) -> str:
        """A text, refused rather than printed with a hole in it."""
        if path not in self.said:
            self.said[path] = self._render(path, self.values)
        return as_part_of(self.target, self.said[path])

    def _render(self, path: str, known: Mapping[str, Any]) -> str:
        missing = self.speaker.lacking(path, known)
        if missing:
            raise Permanent("value_missing", f"{', '.join(missing)} in {path}")
        return self.speaker.text(path, known)

    def subject(self) -> str:
        """The personal one, unless a long name makes it too long for a phone's list of letters."""
        plain = replace(self, target=Target.PLAIN)
        personal = plain.say(f"{self.message}.subject.b")
        is_short = len(unicodedata.normalize("NFC", personal)) <= LONGEST_SUBJECT
        return personal if is_short else plain.say(f"{self.message}.subject.a")

    def view(self) -> dict[str, Any]:
        """Everything that a layout shows, by the names it uses."""
        paragraphs = {name: self.say(f"{self.message}.service.{name}") for name in self._names("service")}
        actions = self._actions()
        return {
            "language": self.speaker.tag,
            "colon": "：" if self.speaker.locale.language == "zh" else ": ",
            "subject": self.subject(),
            **{part: self.say(f"{self.message}.{part}") for part in ("preheader", "greeting", "closing")},
            "intro": [text for name, text in paragraphs.items() if text and name not in BELOW_THE_ORDER],
            "outro": [text for name, text in paragraphs.items() if text and name in BELOW_THE_ORDER],
            "button": next(iter(actions), None),
            "links": actions[1:],
            "expected": self._expected(),
            **(self._parcel(self.facts.shipment) if self.facts.shipment else self._order()),
            "blocks": self._blocks(),
            "footer": self.say("phrases.footer_service"),
            "preferences": self._link("phrases.footer_preferences", self.values["links"].get("preferences")),
            **shop_in_letter(self.facts.shop, self.values["shop"]["name"]),
        }

    @property
    def message(self) -> str:
        """Where this letter stands in copy."""
        return f"messages.{self.template}"

    def _names(self, branch: str) -> tuple[str, ...]:
        return self.speaker.keys(f"{self.message}.{branch}")

    def _actions(self) -> list[dict[str, str]]:
        links = self.values["links"]
        return [
            {"label": self.say(f"{self.message}.actions.{name}"), "url": links[name]}
            for name in self._names("actions")
            if links.get(name)
        ]

    def _link(self, path: str, url: str | None) -> dict[str, str] | None:
        return {"label": self.say(path), "url": url} if url else None

    def _expected(self) -> dict[str, Any] | None:
        """The promise as a headline and a strip; None where there is none, or it is too wide for one."""
        promise = promise_of(self.facts)
        words = in_words(letter_day(self.facts), promise, self.speaker) if promise else ""
        if promise is None or not words:
            return None
        days = [asdict(day) for day in strip(letter_day(self.facts), promise, self.speaker)]
        return {
            "label": self.say("phrases.expected"),
            "words": words,
            "described": self.say("tracking.expected"),
            "days": days,
            "before": [day for day in days if day["kind"] in ("start", "wait", "gap")],
            "promised": [day for day in days if day["kind"] == "promised"],
        }

    def _order(self) -> dict[str, Any]:
        """A letter about the order shows the receipt, the address and how to return something."""
        address: str = self.values["order"]["address"] or ""
        return {
            "rows_heading": self.say("common.order"),
            "rows": self._rows(lambda: receipt_rows(self.facts.order, self.speaker, self.values)),
            "address_heading": self.say("phrases.delivery_address"),
            "address": address.splitlines(),
            "policy": self._link("phrases.return_policy", _web_address(self.facts.shop.returns_page)),
        }

    def _parcel(self, parcel: ShipmentFacts) -> dict[str, Any]:
        """A letter about a parcel shows what is inside."""
        shipment = self.values["shipment"]
        is_one_of_several = (shipment["total"] or 0) > 1 and shipment["position"]
        return {
            "rows_heading": self.say("phrases.parcel_of" if is_one_of_several else "phrases.items_parcel_heading"),
            "rows": self._rows(lambda: parcel_rows(self.facts, parcel, self.speaker)),
            "note": self.say("phrases.rest_follows") if is_more_to_come(self.facts) else None,
        }

    def _rows(self, reckon: Callable[[], Sequence[Row]]) -> list[dict[str, Any]]:
        if not self.rows:
            self.rows.extend(reckon())
        return [asdict(row) for row in self.rows]

    def _blocks(self) -> list[dict[str, Any]]:
        """Products and a code for next time: only what was given, only with consent. The letter reads whole without them."""
        if OFFERS not in self.facts.purposes:
            return []
        return [self._block(name) for name in self._names("promotional") if name in self.offers]

    def _block(self, name: str) -> dict[str, Any]:
        given = tidy(self.offers[name])
        known = {**self.values, **given}
        paths = {part: f"{self.message}.promotional.{name}.{part}" for part in ("heading", "text")}
        texts = {part: as_part_of(self.target, self._render(path, known)) for part, path in paths.items()}
        return {**texts, "items": given.get("items", [])}


def shop_in_letter(shop: ShopFacts, name: str) -> dict[str, Any]:
    """Whose letter it is, and the shop's colours on a light page and on a dark one."""
    return {
        "shop": {"name": name, "url": shop.base_url, "domain": urlsplit(shop.base_url).hostname or shop.domain},
        "light": _named(roles(shop.settings.brand_colour, PAPER)),
        "dark": _named(roles(shop.settings.brand_colour, DARK)),
    }


def _named(colours: Mapping[str, str]) -> dict[str, str]:
    """Roles by names that Liquid can write."""
    return {role.replace("-", "_"): colour for role, colour in colours.items()}


def _web_address(url: str) -> str | None:
    """A link that a merchant typed, if a reader may be sent there."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None
