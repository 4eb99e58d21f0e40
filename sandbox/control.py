"""The hand that moves the sandbox: place an order, or many, read the truth, let something fail, stop and start the story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, cast

import orjson
from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from sandbox import bulk
from sandbox.faults import Fault, How, Where
from sandbox.stage import Stage
from sandbox.story import Story
from sandbox.world import Store

GROUPS = {"webhooks": Where.WEBHOOK, "http": Where.HTTP, "smtp": Where.SMTP}


def blueprint(stage: Stage, story: Story) -> Blueprint:
    """`POST /orders`, `POST /fill`, `GET /truth`, `GET` and `POST /faults`, all JSON, under /_control."""
    control = Blueprint("control", __name__, url_prefix="/_control")

    @control.post("/orders")
    def place() -> Response:  # pyright: ignore[reportUnusedFunction]
        asked = _asked()
        store = _store(stage, asked)
        items = [(int(variant), int(quantity)) for variant, quantity in asked.get("items", [])]
        order = story.buy(store, email=asked.get("email", ""), language=asked.get("language", ""), items=items)
        with stage.world.lock:
            return _json(
                {"order": str(order.id), "number": order.number, "email": order.customer.email, "key": order.key}
            )

    @control.post("/fill")
    def fill() -> Response:  # pyright: ignore[reportUnusedFunction]
        """`{"store": "woocommerce", "orders": 50000}`: so many plain orders more (sandbox/bulk.py)."""
        asked = _asked()
        store = _store(stage, asked)
        bulk.fill(store, int(asked.get("orders", 0)))
        return _json({"store": store.slug, "orders": len(store.orders)})

    @control.get("/truth")
    def truth() -> Response:  # pyright: ignore[reportUnusedFunction]
        return _json(stage.ledger.truth())

    @control.get("/faults")
    def waiting() -> Response:  # pyright: ignore[reportUnusedFunction]
        return _json(_state(stage, story))

    @control.post("/faults")
    def faults() -> Response:  # pyright: ignore[reportUnusedFunction]
        asked = _asked()
        if asked.get("clear"):
            stage.faults.clear()
        stage.faults.add([fault for group, where in GROUPS.items() for fault in _faults(where, asked.get(group, []))])
        if "story" in asked:
            story.is_playing = asked["story"] == "start"
        return _json(_state(stage, story))

    return control


def _asked() -> Mapping[str, Any]:
    asked = request.get_json(force=True)
    if not isinstance(asked, dict):
        raise BadRequest("an object, please")
    return cast(dict[str, Any], asked)


def _store(stage: Stage, asked: Mapping[str, Any]) -> Store:
    store = stage.world.stores.get(str(asked.get("store")))
    if store is None:
        raise BadRequest("store is not one of " + ", ".join(stage.world.stores))
    return store


def _faults(where: Where, asked: list[dict[str, Any]]) -> list[Fault]:
    """`[{"how": "drop", "target": "woocommerce", "count": 3, ...}]`; the other fields of a fault as they are called there."""
    try:
        return [replace(Fault(where=where, how=How(one.pop("how", How.STATUS))), **one) for one in asked]
    except (TypeError, ValueError) as error:
        raise BadRequest(str(error)) from error


def _state(stage: Stage, story: Story) -> dict[str, object]:
    return {
        "faults": [asdict(fault) for fault in stage.faults.waiting()],
        "story": "start" if story.is_playing else "stop",
    }


def _json(body: object) -> Response:
    return Response(orjson.dumps(body), mimetype="application/json")
