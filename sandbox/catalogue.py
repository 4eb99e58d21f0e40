"""What the two shops sell, to whom, and with which codes it is cheaper. All made up; example.com is nobody's."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from sandbox.things import Account, Address, Coupon, CouponKind, Person, Product, Variant
from sandbox.world import Store, StoreProfile, Thing

COFFEE = StoreProfile(
    slug="woocommerce",
    name="Rösterei Nebelkamp",
    currency="EUR",
    language="de",
    country="DE",
    timezone="Europe/Berlin",
    email="moin@nebelkamp.example.com",
    street="Speicherzeile 7",
    city="Hamburg",
    postcode="20457",
    opens_drafts=True,
    exports_to=frozenset({"GB", "TW"}),
)
CLOTHES = StoreProfile(
    slug="shopify",
    name="morrow & fen",
    currency="GBP",
    language="en",
    country="GB",
    timezone="Europe/London",
    email="hello@morrowandfen.example.com",
    street="14 Sluice Lane",
    city="Ely",
    postcode="CB7 4XX",
    first_id=9_100_000_000_000_001,  # above 2**53: whoever puts it through a float gets another number
    id_step=32_769,
    first_number=1001,
    number_sign="#",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a price list. `choices` are (option name, its values); `prices` follow the first choice, or hold one price, and
    `was` does the same where there is a sale."""

    handle: str
    title: str
    kind: str
    description: str
    prices: tuple[int, ...]
    tax_rate: int
    choices: tuple[tuple[str, tuple[str, ...]], ...] = ()
    was: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()
    is_virtual: bool = False


BAG_SIZES = ("Gewicht", ("250 g", "1 kg"))
GRINDS = ("Mahlung", ("Ganze Bohne", "Gemahlen"))
COFFEE_LIST = (
    Entry(
        "espresso-nebelmeer",
        "Espresso „Nebelmeer“",
        "beans",
        "Dunkel geröstet, Kakao und Haselnuss. Für Siebträger und Herdkanne.",
        (990, 3200),
        7,
        (BAG_SIZES, GRINDS),
    ),
    Entry(
        "filterkaffee-morgengrau",
        "Filterkaffee „Morgengrau“",
        "beans",
        "Hell geröstet, Aprikose und Honig. Für alles, was langsam tropft.",
        (1090, 3600),
        7,
        (BAG_SIZES, GRINDS),
    ),
    Entry(
        "aethiopien-yirgacheffe",
        "Äthiopien Yirgacheffe",
        "beans",
        "Blumig wie ein Garten nach dem Regen. Gewaschen, von Kleinbauern.",
        (1290, 4400),
        7,
        (BAG_SIZES,),
    ),
    Entry(
        "schlummertrunk-entkoffeiniert",
        "Schlummertrunk, entkoffeiniert",
        "beans",
        "Der ganze Geschmack und trotzdem Nachtruhe.",
        (1090,),
        7,
    ),
    Entry(
        "probierpaket-drei-sorten",
        "Probierpaket: drei Sorten",
        "box",
        "Drei mal 100 g, für alle, die sich noch nicht entschieden haben.",
        (1490,),
        7,
        was=(1790,),
        tags=("Geschenk",),
    ),
    Entry(
        "handfilter-und-kanne",
        "Handfilter & Kanne",
        "filter",
        "Porzellan und Glas, für zwei große Tassen.",
        (3490,),
        19,
    ),
    Entry(
        "becher-kuestennebel",
        "Becher „Küstennebel“",
        "cup",
        "Steinzeug, von Hand glasiert. Kein Becher gleicht dem anderen.",
        (1650,),
        19,
        (("Farbe", ("Grau", "Meerblau")),),
    ),
    Entry(
        "reisemuehle",
        "Reisemühle",
        "grinder",
        "Passt in jeden Rucksack, mahlt auch für Espresso fein genug.",
        (5900,),
        19,
    ),
    Entry(
        "onlinekurs-filterkaffee",
        "Onlinekurs Filterkaffee",
        "course",
        "Vierzig Minuten mit unserem Röster, zum Ansehen, so oft man mag.",
        (1900,),
        19,
        is_virtual=True,
    ),
)

SIZES = ("Size", ("S", "M", "L", "XL"))
CLOTHES_LIST = (
    Entry(
        "fen-overshirt",
        "Fen Overshirt",
        "shirt",
        "Brushed cotton twill with two deep pockets. Wear it as a jacket from April on.",
        (11800,),
        20,
        (SIZES, ("Colour", ("Reed", "Ink"))),
    ),
    Entry(
        "washed-linen-shirt",
        "Washed Linen Shirt",
        "shirt",
        "Linen that has already had its first summer.",
        (8400,),
        20,
        (SIZES, ("Colour", ("Chalk", "Sky"))),
        was=(10500,),
        tags=("summer", "linen"),
    ),
    Entry(
        "merino-crew",
        "Merino Crew",
        "knit",
        "Fine knit from British merino, cut close, not tight.",
        (9600,),
        20,
        (SIZES, ("Colour", ("Moss", "Oat"))),
    ),
    Entry(
        "wide-pleat-trouser",
        "Wide Pleat Trouser",
        "trousers",
        "One pleat, a long fall and a waistband that forgives.",
        (10900,),
        20,
        (SIZES,),
    ),
    Entry(
        "marsh-raincoat",
        "Marsh Raincoat",
        "coat",
        "Three layers, taped seams, a hood that stays where it is put.",
        (22500,),
        20,
        (SIZES,),
    ),
    Entry("ribbed-beanie", "Ribbed Beanie", "beanie", "Lambswool, doubled over the ears.", (2800,), 20),
    Entry(
        "long-wool-scarf",
        "Long Wool Scarf",
        "scarf",
        "Two metres of lambswool, woven in Yorkshire.",
        (5400,),
        20,
        (("Colour", ("Bracken", "Slate")),),
    ),
    Entry("canvas-tote", "Canvas Tote", "tote", "Heavy canvas that stands up by itself.", (3200,), 20),
)


@dataclass(frozen=True, slots=True)
class Code:
    """A coupon. `value` is in per cent or minor units; `lasts` counts days from the shop's opening, 0 for ever."""

    code: str
    kind: CouponKind
    value: int = 0
    minimum: int = 0
    limit: int = 0
    lasts: int = 0


P = CouponKind
COFFEE_CODES = (
    Code("nebel10", P.PERCENT, 10),
    Code("freunde5", P.AMOUNT, 500, minimum=3000, limit=200),
    Code("versandfrei", P.SHIPPING, minimum=5000),
    Code("sommerröstung", P.PERCENT, 20, lasts=90),
)
CLOTHES_CODES = (
    Code("WELCOME10", P.PERCENT, 10),
    Code("FENLAND15", P.AMOUNT, 1500, minimum=10000, limit=150),
    Code("SHIPIT", P.SHIPPING, minimum=12000),
    Code("SPRINGSALE", P.PERCENT, 20, lasts=60),
)
OPENED = timedelta(days=200)
STOCK = 180
"""Of everything at first: enough for a year of the story, so that a shop never sells what it has not."""


def coffee_range(store: Store) -> Iterator[Thing]:
    """All that the coffee roaster holds before its first order."""
    return _range(store, COFFEE_LIST, "NEB", COFFEE_CODES)


def clothes_range(store: Store) -> Iterator[Thing]:
    """All that the clothing shop holds before its first order."""
    return _range(store, CLOTHES_LIST, "MF", CLOTHES_CODES)


def _range(store: Store, entries: Iterable[Entry], prefix: str, codes: Iterable[Code]) -> Iterator[Thing]:
    yield from _products(store, entries, prefix)
    yield from (_coupon(store, code) for code in codes)
    opened = store.world.now() - OPENED
    for person in people(store):
        if person.ref:
            yield Account(id=person.ref, person=person, created_at=opened, updated_at=opened)


def _coupon(store: Store, code: Code) -> Coupon:
    opened = store.world.now() - OPENED
    return Coupon(
        id=store.next_id(),
        code=code.code,
        kind=code.kind,
        value=code.value,
        minimum=code.minimum,
        limit=code.limit,
        created_at=opened,
        updated_at=opened,
        starts_at=opened,
        ends_at=opened + timedelta(days=code.lasts) if code.lasts else None,
    )


def _products(store: Store, entries: Iterable[Entry], prefix: str) -> Iterator[Product]:
    opened = store.world.now() - OPENED
    for place, entry in enumerate(entries, start=1):
        yield Product(
            id=store.next_id(),
            image_id=store.next_id(),
            handle=entry.handle,
            title=entry.title,
            description=entry.description,
            kind=entry.kind,
            tax_rate=entry.tax_rate,
            created_at=opened,
            updated_at=opened,
            variants=list(_variants(store, entry, f"{prefix}-{place:02}")),
            tags=list(entry.tags),
            is_virtual=entry.is_virtual,
        )


def _variants(store: Store, entry: Entry, sku: str) -> Iterator[Variant]:
    names = [name for name, _ in entry.choices]
    for count, values in enumerate(itertools.product(*(values for _, values in entry.choices)), start=1):
        first = entry.choices[0][1].index(values[0]) if len(entry.prices) > 1 else 0
        yield Variant(
            id=store.next_id(),
            title=" / ".join(values),
            sku=f"{sku}-{count}" if values else sku,
            price=entry.prices[first],
            was=entry.was[first] if entry.was else 0,
            stock=STOCK,
            options=list(zip(names, values, strict=True)),
        )


def _person(
    language: str, first: str, last: str, street: str, postcode: str, city: str, country: str, phone: str
) -> Person:
    address = Address(
        first_name=first, last_name=last, street=street, postcode=postcode, city=city, country=country, phone=phone
    )
    return Person(email="", language=language, address=address)


PEOPLE = (
    (
        "greta.wiesenthal",
        _person("de", "Greta", "Wiesenthal", "Lindenhof 3", "22765", "Hamburg", "DE", "+49 40 5550101"),
    ),
    ("jonas.ackerle", _person("de", "Jonas", "Ackerle", "Am Alten Markt 18", "50667", "Köln", "DE", "+49 221 5550102")),
    ("mira.okonjo", _person("de", "Mira", "Okonjo-Brandt", "Weserstraße 201", "12047", "Berlin", "DE", "")),
    ("ruediger.gross", _person("de", "Rüdiger", "Groß", "Mühlgasse 9", "01067", "Dresden", "DE", "+49 351 5550104")),
    (
        "theresia.hubinger",
        _person("de", "Theresia", "Hubinger", "Neubaugasse 44/12", "1070", "Wien", "AT", "+43 1 5550105"),
    ),
    ("elif.sandner", _person("de", "Elif", "Sandner", "Sparkassenplatz 2", "6020", "Innsbruck", "AT", "")),
    ("asa.lofqvist", _person("sv", "Åsa", "Löfqvist", "Nygatan 14", "411 08", "Göteborg", "SE", "+46 31 555 01 07")),
    ("emil.nordsjo", _person("sv", "Emil", "Nordsjö", "Södra Vägen 77", "222 23", "Lund", "SE", "+46 46 555 01 08")),
    ("sigrid.ahlen", _person("sv", "Sigrid", "Ahlén", "Björkallén 5", "831 30", "Östersund", "SE", "")),
    ("katerina.vesela", _person("cs", "Kateřina", "Veselá", "Dlouhá 12", "110 00", "Praha", "CZ", "+420 601 555 110")),
    (
        "ondrej.zahradnik",
        _person("cs", "Ondřej", "Zahradník", "Kounicova 31", "602 00", "Brno", "CZ", "+420 601 555 111"),
    ),
    ("zuzana.ruzickova", _person("cs", "Zuzana", "Růžičková", "Žižkova 4", "779 00", "Olomouc", "CZ", "")),
    (
        "beth.oshaughnessy",
        _person("en", "Beth", "O'Shaughnessy", "12 St. Anne's Sq", "BT1 1AA", "Belfast", "GB", "+44 28 5550 1130"),
    ),
    (
        "callum.reid",
        _person("en", "Callum", "Reid", "Flat 3, 81 Leith Row", "EH6 7XX", "Edinburgh", "GB", "+44 131 555 0114"),
    ),
    ("priya.nair", _person("en", "Priya", "Nair-Whitcombe", "6 Harbour Steps", "BS1 5XX", "Bristol", "GB", "")),
    (
        "olufemi.hart",
        _person("en", "Olufemi", "Hart", "27 Garnet Street", "M4 4XX", "Manchester", "GB", "+44 161 555 0116"),
    ),
    (
        "lin.yijun",
        _person("zh-Hant", "怡君", "林", "中正區和平西路一段 18 號 5 樓", "100", "台北市", "TW", "+886 2 5550 1170"),
    ),
    (
        "huang.zhihao",
        _person("zh-Hant", "志豪", "黃", "左營區明誠二路 301 號", "813", "高雄市", "TW", "+886 7 5550 118"),
    ),
)


def people(store: Store) -> list[Person]:
    """Who buys at this store. Two of three have an account at the coffee roaster, all have one at the clothing shop."""
    return [
        replace(person, email=f"{word}@example.com", ref=_ref(store, place))
        for place, (word, person) in enumerate(PEOPLE)
    ]


def _ref(store: Store, place: int) -> int:
    if store.profile.first_id == 1:
        return 0 if place % 3 == 2 else place + 2
    return store.profile.first_id - 100_000_000_000 + place * store.profile.id_step
