"""Who is asking, on the merchant's side: one seam for every way to sign in. Today there is one, a link that works once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hmac import compare_digest

from flask import Request, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.kernel.crypto import Link
from app.kernel.errors import BadSignature
from app.web.context import context

SESSION_LIFE = timedelta(hours=12)
SEPARATOR = ","
"""Between the public ids of a link that opens several shops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """Somebody who may see these shops, and no others. `form_token` stands in every form of his: a page of somebody else's can make
    his browser send a form, but cannot know it."""

    shops: tuple[ShopFacts, ...]
    form_token: str

    def find(self, public_id: str) -> ShopFacts | None:
        return next((shop for shop in self.shops if shop.public_id == public_id), None)


def who(request: Request) -> Merchant | None:
    """The merchant behind a request, by the first source that knows him; None for nobody, or when his time is over."""
    link = next((found for source in SOURCES if (found := source(request))), None)
    if link is None:
        return None
    with context().runtime.db.house() as session:
        found = _shops_of(session, link) if _is_alive(session, link) else ()
    return Merchant(shops=found, form_token=_form_token(link)) if found else None


def is_own_form(merchant: Merchant, request: Request) -> bool:
    """Whether a form comes from a page that this session was shown."""
    return compare_digest(merchant.form_token.encode(), request.form.get("token", "").encode())


def _form_token(session: Link) -> str:
    """Bound to the session, so it ends with it and opens no other's."""
    digest = hashlib.sha256(f"{session.shop} {session.subject} {session.expires}".encode()).hexdigest()
    return context().runtime.keys.sign(Link(purpose="form", shop="", subject=digest, expires=session.expires))


def _from_cookie(request: Request) -> Link | None:
    return _read(request.cookies.get(cookie_name(), ""), "session")


SOURCES: tuple[Callable[[Request], Link | None], ...] = (_from_cookie,)


def enter(token: str) -> Link | None:
    """Use up a one-time link; None when it is not ours, too old, or was used before."""
    link = _read(token, "console")
    if link is None:
        return None
    db = context().runtime.db
    with db.house() as session:
        opened = _shops_of(session, link) if _is_alive(session, link) else ()
    if not opened:
        return None
    first = opened[0]
    with db.transaction(first.id) as session:
        return link if shops.use_link_once(session, first.id, hashlib.sha256(token.encode()).digest()) else None


def shops_of(link: Link) -> tuple[ShopFacts, ...]:
    """The shops that a link opens."""
    with context().runtime.db.house() as session:
        return _shops_of(session, link)


def sign_in(response: Response, link: Link) -> Response:
    """Give the browser a session for the shops of a link."""
    runtime = context().runtime
    with runtime.db.house() as session:
        now = session.scalars(select(func.now())).one()
    token = runtime.keys.sign(
        Link(
            purpose="session",
            shop=link.shop,
            subject=secrets.token_urlsafe(8),
            expires=int((now + SESSION_LIFE).timestamp()),
        )
    )
    response.set_cookie(
        cookie_name(),
        token,
        max_age=int(SESSION_LIFE.total_seconds()),
        path="/",
        secure=_is_https(),
        httponly=True,
        samesite="Lax",
    )
    return response


def cookie_name() -> str:
    """Over https the name itself binds the cookie to this host (RFC 6265bis, 4.1.3.2)."""
    return "__Host-encore" if _is_https() else "encore"


def _is_https() -> bool:
    return context().runtime.settings.public_url.startswith("https://")


def _read(token: str, purpose: str) -> Link | None:
    try:
        return context().runtime.keys.read(token, purpose)
    except BadSignature:
        return None


def _is_alive(session: Session, link: Link) -> bool:
    return session.scalars(select(func.now() < func.to_timestamp(link.expires))).one()


def _shops_of(session: Session, link: Link) -> tuple[ShopFacts, ...]:
    found = (shops.find_shop(session, public_id) for public_id in link.shop.split(SEPARATOR))
    return tuple(shop for shop in found if shop)
