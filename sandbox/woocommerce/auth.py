"""Who is asking: Basic or keys in the query over https, OAuth 1.0a in the query over http, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from werkzeug.wrappers import Request

from sandbox.woocommerce import php
from sandbox.woocommerce.errors import Denied, unauthenticated

WINDOW_SECONDS = 15 * 60
OAUTH = ("oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method")
HASHES = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}


class Permission(StrEnum):
    READ = "read"
    WRITE = "write"
    READ_WRITE = "read_write"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    consumer_key: str
    consumer_secret: str
    permission: Permission = Permission.READ_WRITE

    @classmethod
    def made_from(cls, seed: str, permission: Permission = Permission.READ_WRITE) -> ApiKey:
        """The same key for the same seed, in WooCommerce's form."""
        key, secret = (hashlib.sha1(f"{seed}/{part}".encode()).hexdigest() for part in ("ck", "cs"))  # noqa: S324 a form, not a guard
        return cls(consumer_key=f"ck_{key}", consumer_secret=f"cs_{secret}", permission=permission)

    def may(self, method: str) -> bool:
        wanted = Permission.READ if method in ("GET", "HEAD") else Permission.WRITE
        return method == "OPTIONS" or self.permission in (wanted, Permission.READ_WRITE)


class Doorkeeper:
    """Holds the keys and the nonces already used."""

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        self._keys = {key.consumer_key: key for key in keys}
        self._nonces: dict[tuple[str, str], float] = {}

    def recognise(self, request: Request) -> ApiKey | None:
        """The key that asks; None for nobody in particular, which a foreign key over https is too. `Denied` for a bad one."""
        key = self._over_https(request) if request.is_secure else self._over_http(request)
        if key is not None and not key.may(request.method):
            kind = "read" if request.method in ("GET", "HEAD") else "write"
            raise unauthenticated(f"The API key provided does not have {kind} permissions.")
        return key

    def _over_https(self, request: Request) -> ApiKey | None:
        given = request.args.get("consumer_key", ""), request.args.get("consumer_secret", "")
        if not all(given) and request.authorization is not None:
            given = request.authorization.username or "", request.authorization.password or ""
        key = self._keys.get(given[0])
        if key is not None and not hmac.compare_digest(key.consumer_secret.encode(), given[1].encode()):
            raise unauthenticated("Consumer secret is invalid.")
        return key

    def _over_http(self, request: Request) -> ApiKey | None:
        found = dict(php.flat(php.arguments(request.query_string.decode())))
        missing = [name for name in OAUTH if name not in found]
        if len(missing) == len(OAUTH):
            return None
        if missing:
            raise Denied(
                401, "woocommerce_rest_authentication_missing_parameter", f"Missing OAuth parameter {missing[0]}"
            )
        key = self._keys.get(found["oauth_consumer_key"])
        if key is None:
            raise unauthenticated("Consumer key is invalid.")
        _check_signature(key, request.method, request.base_url, found)
        self._check_nonce(key, found["oauth_timestamp"], found["oauth_nonce"])
        return key

    def _check_nonce(self, key: ApiKey, timestamp: str, nonce: str) -> None:
        now = time.time()
        if not timestamp.isdigit() or abs(now - int(timestamp)) > WINDOW_SECONDS:
            raise unauthenticated("Invalid timestamp.")
        self._nonces = {used: at for used, at in self._nonces.items() if now - at < WINDOW_SECONDS}
        if (key.consumer_key, nonce) in self._nonces:
            raise unauthenticated("Invalid nonce - nonce has already been used.")
        self._nonces[key.consumer_key, nonce] = now


def _check_signature(key: ApiKey, method: str, url: str, found: dict[str, str]) -> None:
    """RFC 5849 section 3.4, with an empty token secret."""
    hashed = HASHES.get(found["oauth_signature_method"])
    if hashed is None:
        raise unauthenticated("Invalid signature - signature method is invalid.")
    given = found["oauth_signature"].replace(" ", "+")
    pairs = sorted((_quoted(name), _quoted(value)) for name, value in found.items() if name != "oauth_signature")
    normal = "&".join(f"{name}={value}" for name, value in pairs)
    message = "&".join((method.upper(), _quoted(url), _quoted(normal)))
    signature = hmac.digest(f"{key.consumer_secret}&".encode(), message.encode(), hashed)
    if not hmac.compare_digest(base64.b64encode(signature).decode(), given):
        raise unauthenticated("Invalid signature - provided signature does not match.")


def _quoted(value: str) -> str:
    return quote(value, safe="~")
