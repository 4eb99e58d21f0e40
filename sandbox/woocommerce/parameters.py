"""What a list may be asked for, checked before anything else is, all problems told together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sandbox.woocommerce import php
from sandbox.woocommerce.errors import Problem, invalid_parameters
from sandbox.woocommerce.php import Arguments

ORDER_STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft")
Given = str | list[str]
Check = Callable[[str, Given], object]

MOMENT = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)?)?")


class Wrong(Exception):
    """One parameter is not as it should be."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(code, message)


def listed(words: tuple[str, ...]) -> str:
    """`a, b, and c`, as WordPress writes it."""
    return f"{', '.join(words[:-1])}, and {words[-1]}"


def whole(low: int | None = None, high: int | None = None) -> Check:
    def check(name: str, given: Given) -> int:
        if not isinstance(given, str) or not re.fullmatch(r"[+-]?\d+", given):
            raise Wrong("rest_invalid_type", f"{name} is not of type integer.")
        value = int(given)
        if low is not None and high is not None and not low <= value <= high:
            raise Wrong("rest_out_of_bounds", f"{name} must be between {low} (inclusive) and {high} (inclusive)")
        if low is not None and value < low:
            raise Wrong("rest_out_of_bounds", f"{name} must be greater than or equal to {low}")
        return value

    return check


def one_of(*words: str) -> Check:
    def check(name: str, given: Given) -> str:
        if not isinstance(given, str) or given not in words:
            raise Wrong("rest_not_in_enum", f"{name} is not one of {listed(words)}.")
        return given

    return check


def some_of(*words: str) -> Check:
    def check(name: str, given: Given) -> list[str]:
        found = php.words(given)
        for place, one in enumerate(found):
            one_of(*words)(f"{name}[{place}]", one)
        return found

    return check


def wholes(name: str, given: Given) -> list[int]:
    found = php.words(given)
    for place, one in enumerate(found):
        whole()(f"{name}[{place}]", one)
    return [int(one) for one in found]


def flag(name: str, given: Given) -> bool:
    if not isinstance(given, str) or given.lower() not in ("true", "false", "1", "0", ""):
        raise Wrong("rest_invalid_type", f"{name} is not of type boolean.")
    return given.lower() in ("true", "1")


def moment(name: str, given: Given) -> datetime:
    """Aware if it carried a Z or an offset."""
    if not isinstance(given, str) or not MOMENT.fullmatch(given):
        raise Wrong("rest_invalid_date", "Invalid date.")
    try:
        return datetime.fromisoformat(given.upper())
    except ValueError as error:  # a thirteenth month
        raise Wrong("rest_invalid_date", "Invalid date.") from error


def anything(_name: str, given: Given) -> Given:
    return given


PAGING: Mapping[str, Check] = {
    "page": whole(1),
    "per_page": whole(1, 100),
    "offset": whole(0),
    "order": one_of("asc", "desc"),
    "search": anything,
    "include": wholes,
    "exclude": wholes,
}
IN_TIME: Mapping[str, Check] = {
    "after": moment,
    "before": moment,
    "modified_after": moment,
    "modified_before": moment,
    "dates_are_gmt": flag,
}
ORDERS: Mapping[str, Check] = {
    **PAGING,
    **IN_TIME,
    "orderby": one_of("date", "id", "include", "title", "slug", "modified"),
    "status": some_of("any", "trash", "auto-draft", *ORDER_STATUSES),
    "customer": whole(),
    "product": whole(),
}
PRODUCTS: Mapping[str, Check] = {
    **PAGING,
    **IN_TIME,
    "orderby": one_of("date", "id", "include", "title", "slug", "modified"),
    "status": one_of("any", "future", "trash", "draft", "pending", "private", "publish"),
    "sku": anything,
}
VARIATIONS: Mapping[str, Check] = {
    **PAGING,
    "orderby": one_of("date", "id", "include", "title", "slug", "modified", "menu_order"),
}
COUPONS: Mapping[str, Check] = {
    **PAGING,
    **IN_TIME,
    "orderby": one_of("date", "id", "include", "title", "slug", "modified"),
    "code": anything,
}
CUSTOMERS: Mapping[str, Check] = {
    **PAGING,
    "orderby": one_of("id", "include", "name", "registered_date"),
    "role": anything,
    "email": anything,
}
WEBHOOKS: Mapping[str, Check] = {
    **PAGING,
    "orderby": one_of("date", "id", "title"),
    "status": one_of("all", "active", "paused", "disabled"),
}
ORDER_BODY: Mapping[str, Check] = {"status": one_of("auto-draft", *ORDER_STATUSES)}


def checked(found: Arguments, checks: Mapping[str, Check]) -> dict[str, object]:
    """The parameters that were given and are known, each in its type. RestError 400 with every problem."""
    values: dict[str, object] = {}
    problems: dict[str, Problem] = {}
    for name in checks.keys() & found.keys():
        try:
            values[name] = checks[name](name, found[name])
        except Wrong as wrong:
            problems[name] = wrong.problem
    if problems:
        raise invalid_parameters(problems)
    return values


def instant(value: datetime, zone: str, *, is_gmt: bool) -> datetime:
    """What a date filter means (measurements/modified_after.json): a bare value is site-local, or UTC with `dates_are_gmt`; one
    with an offset means itself, but with `dates_are_gmt` its site-local clock time is taken for UTC."""
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC if is_gmt else ZoneInfo(zone))
    return value.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC) if is_gmt else value
