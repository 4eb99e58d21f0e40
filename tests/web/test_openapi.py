"""docs/openapi.yaml describes every public address and no other, and no request that can be made up brings one of them down."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from redis import Redis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    status_code_conformance,
)

from app.connectors import CONNECTORS
from app.web import create_app
from app.web.ingest import PREFIX
from tests.builders import an_order
from tests.conftest import TRIALS
from tests.trials import REQUESTS
from tests.web.staging import House, settings, signed
from tests.web.test_embed import by_plugin
from tests.web.test_metrics import TOKEN

PATH = Path(__file__).parents[2] / "docs/openapi.yaml"
DESCRIPTION = yaml.safe_load(PATH.read_text(encoding="utf-8"))
OPERATIONS = [
    (path, method)
    for path, item in DESCRIPTION["paths"].items()
    for method in item
    if method not in ("parameters", "summary", "description")
]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance]


@pytest.fixture
def open_house(build: Callable[..., House], valkey: Redis) -> House:
    runtime = replace(build().runtime, settings=settings(metrics_token=TOKEN), valkey=valkey)
    return House(runtime, create_app(runtime))


def routes(house: House) -> Iterator[tuple[str, str]]:
    """Every address of the application outside the console, as OpenAPI writes it, and its methods. HEAD and OPTIONS follow."""
    for rule in house.app.url_map.iter_rules():
        if not rule.endpoint.startswith("console."):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower()


def test_every_public_address_is_described_and_no_other(house: House) -> None:
    hooks = {(path, method) for path, method in OPERATIONS if path.startswith(PREFIX)}
    assert set(OPERATIONS) - hooks == set(routes(house))
    addresses = {
        connector.callback_url("", "{shop}").replace(slug, "{platform}") for slug, connector in CONNECTORS.items()
    }
    assert hooks == {(address, "post") for address in addresses}


def test_the_installation_serves_its_description(house: House) -> None:
    answer = house.client().get("/openapi.yaml")
    assert answer.data == PATH.read_bytes()
    assert answer.headers["Content-Type"] == "application/yaml"
    assert house.client().get("/openapi.yaml", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_each_operation_says_what_it_is(path: str, method: str) -> None:
    operation = DESCRIPTION["paths"][path][method]
    assert operation["operationId"]
    assert operation["summary"]
    assert set(operation["tags"]) <= {tag["name"] for tag in DESCRIPTION["tags"]}


def truthful(house: House) -> Callable[[schemathesis.Case, bool], dict[str, Any]]:
    """Makes every second request one that gets through the door: the shop is there, the link is signed, so is the body."""
    shop = house.shop()
    house.tell(shop, an_order())
    token = house.track(shop).removeprefix("/t/")

    def improve(case: schemathesis.Case, is_true: bool) -> dict[str, Any]:
        sent = case.as_transport_kwargs()
        if not is_true:
            return {}
        known = {
            "platform": "woocommerce",
            "shop": shop.public_id,
            "token": token,
            "slug": "tracking",
            "name": "tracking.js",
        }
        case.path_parameters = {name: known.get(name, value) for name, value in (case.path_parameters or {}).items()}
        if "slug" in case.path_parameters:
            case.query = {**(case.query or {}), **by_plugin("1001"), "shop": shop.public_id}
        headers = {"Authorization": f"Bearer {TOKEN}"} if case.path == "/metrics" else {}
        if case.method == "POST" and isinstance(body := sent.get("data"), bytes):
            headers |= {"X-WC-Webhook-Signature": signed(body)}
            headers |= {f"X-WC-Webhook-{name}": "7" for name in ("ID", "Delivery-ID", "Topic")}
        return {"headers": headers} if headers else {}

    return improve


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_no_request_that_can_be_made_up_brings_it_down(
    open_house: House, path: str, method: str, record_property: Callable[[str, object], None]
) -> None:
    description = schemathesis.openapi.from_wsgi("/openapi.yaml", open_house.app)
    improve = truthful(open_house)
    answers: Counter[int] = Counter()

    @trials(
        max_examples=REQUESTS, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(case=description[path][method.upper()].as_strategy())
    def ask(case: schemathesis.Case) -> None:
        answer = case.call(**improve(case, answers.total() % 2 == 1))
        answers[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    ask()
    told = ", ".join(f"{count} x {status}" for status, count in sorted(answers.items()))
    record_property(TRIALS, f"{method.upper()} {path}: {told}")
    assert not [status for status in answers if status >= 500]
