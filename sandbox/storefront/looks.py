"""How each shop looks and speaks: its style sheet, its language and the words on its pages.

The German ones neither say "du" nor "Sie": the widget beside them speaks in the voice that the merchant chose for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`style` names the shop's sheet in static/; `locale` is for money and dates, `moment` is a CLDR pattern;
    `readers` are the languages that the button offers
    to buy in (BCP 47 and their own names), none where the platform does not carry a language."""

    style: str
    locale: str
    moment: str
    words: dict[str, str]
    readers: dict[str, str] = field(default_factory=dict[str, str])


NEBELKAMP = Look(
    style="nebelkamp.css",
    locale="de_DE",
    moment="d. MMMM, HH:mm",
    words={
        "tagline": "Kaffee aus der Speicherzeile, seit 2009 in kleinen Chargen geröstet",
        "shop": "Laden",
        "orders": "Bestellungen",
        "range": "Was wir gerade rösten",
        "from": "ab",
        "choose": "Auswahl",
        "buy": "In den Korb und bezahlen",
        "buy_any": "Eine Bestellung aufgeben",
        "buy_note": "Ein Probekauf. Der Laden packt und verschickt, als wäre es echt; die nächste Seite zeigt es.",
        "back": "Zurück zum Laden",
        "thanks": "Danke, die Bestellung ist bei uns",
        "order": "Bestellung",
        "placed": "Aufgegeben am",
        "status": "Stand",
        "lines": "Was bestellt wurde",
        "subtotal": "Zwischensumme",
        "shipping": "Versand",
        "discount": "Rabatt",
        "total": "Gesamt",
        "tax": "enthaltene Mehrwertsteuer",
        "tracking": "Wo das Paket ist",
        "track": "Sendung verfolgen",
        "unconnected": "Sobald Encore mit dem Laden verbunden ist, steht hier, wo das Paket ist.",
        "no_orders": "Noch keine Bestellung. Der erste Kauf erscheint hier sofort.",
        "orders_note": "Die neuesten Bestellungen. In einem echten Laden sähe jede Kundin nur ihre eigenen.",
        "returns": "Rücksendungen",
        "returns_note": "Dreißig Tage Zeit, von der Lieferung an. Ungeöffneter Kaffee und unbenutzte Geräte kommen ohne Angabe"
        " von Gründen zurück; das Rücksendeetikett schicken wir zu.",
        "missing": "Diese Seite gibt es nicht",
        "missing_note": "Vielleicht ist der Link unvollständig. Eine Bestellung öffnet sich nur mit ihrem ganzen Schlüssel.",
        "imprint": "Rösterei Nebelkamp, ein erdachter Laden der Encore-Sandbox",
        "pending": "wartet auf Zahlung",
        "open": "wird gepackt",
        "sent": "unterwegs",
        "completed": "verschickt",
        "delivered": "zugestellt",
        "cancelled": "storniert",
        "refunded": "erstattet",
    },
)

MORROW_AND_FEN = Look(
    style="morrow.css",
    locale="en_GB",
    moment="d MMMM, HH:mm",
    words={
        "tagline": "Clothes for weather",
        "shop": "Shop",
        "orders": "Orders",
        "range": "This season",
        "from": "from",
        "choose": "Choose",
        "buy": "Buy now",
        "buy_any": "Place an order",
        "buy_note": "A trial purchase. The shop packs and ships it as if it were real; you will see it move on the next page.",
        "language": "As a customer who reads",
        "back": "Back to the shop",
        "thanks": "Thank you, your order is in",
        "order": "Order",
        "placed": "Placed on",
        "status": "Status",
        "lines": "What you ordered",
        "subtotal": "Subtotal",
        "shipping": "Delivery",
        "discount": "Discount",
        "total": "Total",
        "tax": "including VAT of",
        "tracking": "Where your parcel is",
        "track": "Track your order",
        "unconnected": "Once Encore is connected to this shop, the parcel's whereabouts stand here.",
        "no_orders": "No orders yet. The first one will show up here at once.",
        "orders_note": "The newest orders. In a real shop each customer would see only their own.",
        "returns": "Returns",
        "returns_note": "Thirty days from the day it arrives. Unworn, with its label, no reason asked; we send the return label.",
        "missing": "There is no such page",
        "missing_note": "The link may be incomplete. An order only opens with its whole key.",
        "imprint": "morrow & fen, an invented shop in the Encore sandbox",
        "pending": "awaiting payment",
        "open": "being packed",
        "sent": "on its way",
        "completed": "sent",
        "delivered": "delivered",
        "cancelled": "cancelled",
        "refunded": "refunded",
    },
    readers={"en": "English", "de": "Deutsch", "sv": "Svenska", "cs": "Čeština", "zh-Hant": "繁體中文"},
)
