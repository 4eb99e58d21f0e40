"""The Admin API's one address: who asks, what it costs, what comes back, and the forms in which it says no."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any, cast

import orjson
from graphql import OperationType

from sandbox.shopify import cost, roots
from sandbox.shopify.cost import Bucket
from sandbox.shopify.documents import Documents
from sandbox.shopify.graphql import Node, Refused, Request, read, run
from sandbox.shopify.refunds import Refunds
from sandbox.shopify.shop import API_VERSION, Shop
from sandbox.shopify.subscriptions import Subscriptions

PATH = f"/admin/api/{API_VERSION}/graphql.json"

BAD_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"
THROTTLED = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: dict[str, Any]


class Admin:
    """Answers requests; thread-safe, one at a time as far as the world is concerned."""

    def __init__(
        self, shop: Shop, subscriptions: Subscriptions, refunds: Refunds, documents: Documents, bucket: Bucket
    ) -> None:
        self._shop = shop
        self._refunds = refunds
        self._subscriptions = subscriptions
        self._documents = documents
        self._bucket = bucket

    def answer(self, token: str, body: bytes) -> Reply:
        if not hmac.compare_digest(token.encode(), self._shop.keys.access_token.encode()):
            return Reply(401, {"errors": BAD_TOKEN})
        asked = _parse(body)
        if asked is None:
            return Reply(400, {"errors": {"query": "Required parameter missing or invalid"}})
        try:
            document = self._documents.read(cast(str, asked["query"]))
            request = read(document, asked.get("variables") or {}, asked.get("operationName"))
            return Reply(200, self._priced(request))
        except Refused as refused:
            return Reply(200, {"errors": [refused.error]})

    def _priced(self, request: Request) -> dict[str, Any]:
        asked = cost.requested(request)
        if asked > cost.MAX_QUERY:
            raise Refused(
                f"Query cost is {asked}, which exceeds the single query max cost limit ({cost.MAX_QUERY}).",
                "MAX_COST_EXCEEDED",
                cost=asked,
                maxCost=cost.MAX_QUERY,
                documentation="https://shopify.dev/api/usage/limits#rate-limits",
            )
        if not self._bucket.take(asked):
            return {"errors": [THROTTLED], "extensions": {"cost": self._bill(asked, None)}}
        with self._shop.store.world.lock:
            answer = run(request, self._root(request))
        spent = cost.actual(request, answer.data)
        self._bucket.give_back(asked - spent)
        made: dict[str, Any] = {"errors": answer.errors} if answer.errors else {}
        return {**made, "data": answer.data, "extensions": {"cost": self._bill(asked, spent)}}

    def _root(self, request: Request) -> Node:
        if request.operation.operation == OperationType.MUTATION:
            return roots.mutation(self._shop, self._subscriptions, self._refunds)
        return roots.query(self._shop, self._subscriptions)

    def _bill(self, asked: int, spent: int | None) -> dict[str, Any]:
        return {
            "requestedQueryCost": asked,
            "actualQueryCost": spent,
            "throttleStatus": self._bucket.status(),
        }


def _parse(body: bytes) -> dict[str, Any] | None:
    try:
        asked: object = orjson.loads(body)
    except ValueError:
        return None
    fields = cast(dict[str, Any], asked) if isinstance(asked, dict) else {}
    return fields if isinstance(fields.get("query"), str) else None
