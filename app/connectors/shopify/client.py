"""One question to a store's Admin API at a time, and what its answer means. GraphQL only, as new public apps must."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, cast

import orjson
from shopify.api_version import ApiVersion

from app.connectors.base import Access
from app.kernel.errors import Failure, Permanent, Transient
from app.kernel.http import Answer, Http, json_body
from app.kernel.reading import Tree, part, parts, text

API_VERSION = "2026-10"
"""Stable, supported until 2027-10-16 (shopify.dev/docs/api/usage/versioning)."""

PATH: str = cast("Any", ApiVersion).coerce_to_version(API_VERSION).api_path("") + "/graphql.json"

DOCUMENTS = {
    path.stem: path.read_text(encoding="utf-8") for path in Path(__file__).with_name("queries").glob("*.graphql")
}

SCOPE = re.compile(r"\b(?:read|write)_[a-z_]+\b")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of one document in queries/."""

    document: str
    name: str


@dataclass(frozen=True, slots=True)
class Reply:
    """`answered_at` is the store's own clock, to the second; None where it has none. `is_withheld`: some of the data is missing for
    want of an approval, so what is not there may be there."""

    data: Tree
    answered_at: datetime | None
    is_withheld: bool = False

    @property
    def at(self) -> datetime:
        """When it was true: by our clock where the store has none."""
        return self.answered_at or datetime.now(UTC)


class Store:
    """A store that questions are put to. Errors are `Transient` or `Permanent`; of an answer they name codes and scopes only."""

    def __init__(self, access: Access, http: Http) -> None:
        self._url = access.base_url + PATH
        self._token = access.secrets["access_token"]
        self._http = http

    def ask(self, operation: Operation, **variables: object) -> Reply:
        answer = self._http.call(
            "POST",
            self._url,
            headers={
                "Content-Type": "application/json",
                "Accept": "application/json",
                "X-Shopify-Access-Token": self._token,
            },
            body=orjson.dumps(
                {
                    "query": DOCUMENTS[operation.document],
                    "operationName": operation.name,
                    "variables": variables,
                }
            ),
        )
        if answer.status != 200:
            raise _refusal(answer)
        body = json_body(answer)
        return Reply(data=_data(body), answered_at=_date(answer), is_withheld="errors" in body)

    def tell(self, operation: Operation, **variables: object) -> None:
        """Run a mutation. `Permanent("refused")` when the store finds fault with what it is told."""
        for outcome in self.ask(operation, **variables).data.values():
            if not isinstance(outcome, dict) or parts(cast("Tree", outcome), "userErrors"):
                raise Permanent("refused", operation.name)


def _date(answer: Answer) -> datetime | None:
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
    except ValueError:
        return None


# --- refusals by status -----------------------------------------------------------------------------------------------

REFUSALS = {
    401: ("token_revoked", "the app was uninstalled or its token replaced: connect the store again"),
    402: ("store_frozen", "the store's plan is not paid"),
    403: ("forbidden", ""),
    404: ("not_a_store", "there is no Admin API at this address"),
    423: ("store_locked", "Shopify has locked the store"),
}


def _refusal(answer: Answer) -> Failure:
    """shopify.dev/docs/api/usage/response-codes; 430 is what Shopify answers to whom it takes for an attacker."""
    if answer.status in (429, 430):
        return Transient("rate_limited", retry_after=answer.retry_after)
    if answer.status >= 500 or answer.status == 408:
        return Transient("store_unavailable", retry_after=answer.retry_after)
    if answer.status == 403 and b"on-expiring access tokens" in answer.body:
        return Permanent("token_not_expiring", "Shopify takes only expiring tokens from this app")
    return Permanent(*REFUSALS.get(answer.status, ("refused", f"HTTP {answer.status}")))


# --- refusals inside a 200 --------------------------------------------------------------------------------------------


def _data(body: object) -> Tree:
    """The data, when what was asked for came. `Transient("not_json")` for a body that is no GraphQL answer at all."""
    if not isinstance(body, dict):
        raise Transient("not_json")
    answer = cast("Tree", body)
    data = part(answer, "data")
    if answer.get("errors"):
        _judge(
            answer, parts(answer, "errors"), has_data=bool(data) and all(value is not None for value in data.values())
        )
    elif not data:
        raise Transient("not_json")
    return data


def _judge(answer: Tree, errors: Sequence[Tree], *, has_data: bool) -> None:
    codes = {text(part(error, "extensions"), "code") for error in errors}
    if "THROTTLED" in codes:
        raise Transient("throttled", retry_after=_seconds_to_wait(part(part(answer, "extensions"), "cost")))
    if codes & {"INTERNAL_SERVER_ERROR", "TIMEOUT"}:
        raise Transient("store_unavailable")
    if "MAX_COST_EXCEEDED" in codes:
        raise Permanent("too_costly")
    if "ACCESS_DENIED" in codes:
        raise Permanent("scope_missing", _scopes(errors))
    if not errors or not all("not approved to access" in text(error, "message") for error in errors):
        raise Permanent("query_refused", ", ".join(sorted(code for code in codes if code.isidentifier())))
    if not has_data:
        raise not_approved()


def not_approved() -> Permanent:
    return Permanent("data_not_approved", "ask Shopify for access to protected customer data")


def _scopes(errors: Sequence[Tree]) -> str:
    found = {scope for error in errors for scope in SCOPE.findall(text(part(error, "extensions"), "requiredAccess"))}
    return ", ".join(sorted(found))


def _seconds_to_wait(cost: Tree) -> float | None:
    """Until the bucket holds what was asked for; None where the store does not say."""
    bucket = part(cost, "throttleStatus")
    try:
        missing = cost["requestedQueryCost"] - bucket["currentlyAvailable"]
        return max(0.0, missing / bucket["restoreRate"])
    except (KeyError, TypeError, ZeroDivisionError):
        return None
