"""Webhooks in: read the bytes, check the signature, run one statement, answer. Nothing is parsed, nobody is called."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from app.connectors import CONNECTORS
from app.connectors.base import Claim, Connector, Inbound
from app.kernel.crypto import fingerprint
from app.kernel.db import Database
from app.kernel.errors import BadSignature, Permanent
from app.kernel.faults import faultpoint
from app.web.lookup import Known, KnownShops

if TYPE_CHECKING:
    from _typeshed.wsgi import InputStream, StartResponse, WSGIApplication

log = logging.getLogger(__name__)

PREFIX = "/hooks/"
MOST_BYTES = 2 * 1024 * 1024
RETRY_SECONDS = 30

KEEP = """
WITH entered AS (
    SELECT set_config('app.shop_id', %(shop)s::text, true)
), kept AS (
    INSERT INTO inbox (shop_id, dedupe_key, topic, event_id, triggered_at, body)
    SELECT %(shop)s::bigint, %(key)b::bytea, %(topic)s::text, %(event)s::text, %(triggered_at)s::timestamptz, %(body)b::bytea
    FROM entered
    ON CONFLICT DO NOTHING
    RETURNING shop_id, id
)
INSERT INTO outbox (shop_id, kind, ref) SELECT shop_id, 'ingest', id::text FROM kept
"""
"""Enter the shop, keep what is new, owe the work: one round trip and one commit. A duplicate keeps nothing and owes nothing,
so it may be said twice."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: HTTPStatus
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):
    """The request is answered with `reply` before anything is believed."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status.phrase)
        self.reply = reply


KEPT = Reply(HTTPStatus.OK)
BAD = Reply(HTTPStatus.BAD_REQUEST)
UNPROVEN = Reply(HTTPStatus.UNAUTHORIZED)
UNKNOWN = Reply(HTTPStatus.NOT_FOUND)
NOT_POSTED = Reply(HTTPStatus.METHOD_NOT_ALLOWED, (("Allow", "POST"),))
TOO_BIG = Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
LATER = Reply(HTTPStatus.SERVICE_UNAVAILABLE, (("Retry-After", str(RETRY_SECONDS)),))


class Ingest:
    """A WSGI callable in front of the pages: it answers what is posted below `PREFIX` and hands on the rest."""

    def __init__(self, db: Database, shops: KnownShops, pages: WSGIApplication) -> None:
        self._db = db
        self._shops = shops
        self._pages = pages

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith(PREFIX):
            return self._pages(environ, start_response)
        reply = self._answer(environ)
        body = reply.status.phrase.encode()
        start_response(
            f"{reply.status.value} {reply.status.phrase}",
            [
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Content-Length", str(len(body))),
                ("Cache-Control", "no-store"),
                ("X-Content-Type-Options", "nosniff"),
                *reply.headers,
            ],
        )
        return [body]

    def _answer(self, environ: Mapping[str, Any]) -> Reply:
        platform, _, path = environ["PATH_INFO"].removeprefix(PREFIX).partition("/")
        try:
            return self._receive(platform, path, environ)
        except Refused as refusal:
            return refusal.reply
        except BadSignature:
            log.warning("delivery refused", extra={"code": "bad_signature", "platform": platform})
            return UNPROVEN
        except (
            Permanent
        ) as failure:  # a shop's secrets cannot be opened: the operator's slip, so the platform shall come again
            log.error("delivery not kept", extra={"code": failure.code, "platform": platform})  # noqa: TRY400
            return LATER
        except (SQLAlchemyError, psycopg.Error) as error:
            log.error("delivery not kept", extra={"code": type(error).__name__, "platform": platform})  # noqa: TRY400
            return LATER

    def _receive(self, platform: str, path: str, environ: Mapping[str, Any]) -> Reply:
        connector = CONNECTORS.get(platform)
        if connector is None:
            return UNKNOWN
        if environ["REQUEST_METHOD"] != "POST":
            return NOT_POSTED
        inbound = inbound_from(environ, path, read_body(environ))
        claim = _claim(connector, inbound)
        if claim is None:
            return KEPT
        known = self._shops.find(claim.shop, platform)
        if known is None:
            return UNKNOWN
        self._verify(connector, inbound, claim, known)
        self._keep(known.shop.id, platform, claim, inbound.body)
        return KEPT

    def _verify(self, connector: Connector, inbound: Inbound, claim: Claim, known: Known) -> None:
        try:
            connector.verify(inbound, known.signing)
        except BadSignature:
            fresh = self._shops.find(claim.shop, connector.slug, recent=True)
            if fresh is None or fresh.signing == known.signing:
                raise
            connector.verify(inbound, fresh.signing)

    def _keep(self, shop_id: int, platform: str, claim: Claim, body: bytes) -> None:
        key = fingerprint(platform.encode(), claim.topic.encode(), claim.event_id.encode(), body)
        faultpoint("webhook.before_insert")
        self._db.execute_alone(
            KEEP,
            {
                "shop": shop_id,
                "key": key,
                "topic": claim.topic,
                "event": claim.event_id,
                "triggered_at": claim.triggered_at,
                "body": body,
            },
        )
        faultpoint("webhook.after_insert")


def _claim(connector: Connector, inbound: Inbound) -> Claim | None:
    try:
        claim = connector.claim(inbound)
    except Permanent as failure:
        raise Refused(BAD) from failure
    if claim and any("\x00" in said for said in (claim.shop, claim.topic, claim.event_id)):
        raise Refused(BAD)
    return claim


def read_body(environ: Mapping[str, Any]) -> bytes:
    """The request's bytes. `Refused` when there are too many, whether they were announced or come in chunks, when the announcement
    is no number, or when fewer come than were announced."""
    announced = environ.get("CONTENT_LENGTH") or ""
    if not announced:
        ends_by_itself = environ.get("wsgi.input_terminated", False)
        return _read(environ["wsgi.input"], MOST_BYTES + 1) if ends_by_itself else b""
    if not (announced.isascii() and announced.isdecimal()):
        raise Refused(BAD)
    if len(announced) > len(str(MOST_BYTES)) or int(announced) > MOST_BYTES:
        raise Refused(TOO_BIG)
    body = _read(environ["wsgi.input"], int(announced))
    if len(body) < int(announced):
        raise Refused(BAD)
    return body


def _read(stream: InputStream, most: int) -> bytes:
    parts: list[bytes] = []
    missing = most
    while missing > 0 and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    if missing <= 0 and most > MOST_BYTES:
        raise Refused(TOO_BIG)
    return b"".join(parts)


def inbound_from(environ: Mapping[str, Any], path: str, body: bytes = b"") -> Inbound:
    """A request as connectors see it. A name that stands several times in the query has its values joined by commas."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    query: dict[str, str] = {}
    for name, value in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    return Inbound(body=body, headers=headers, query=query, path=path)
