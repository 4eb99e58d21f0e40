"""Secrets at rest, signatures on the wire, and links that expire. Keys have ids, so that they can be replaced one by one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.kernel.errors import BadSignature, Permanent

NONCE = 12
KEY = 32
TAG = 16
VERSION = b"\x01"


def hmac_sha256(secret: bytes, message: bytes) -> bytes:
    return hmac.digest(secret, message, "sha256")


def matches_any(secrets: Sequence[bytes], message: bytes, signature: bytes) -> bool:
    """Whether one of the secrets signed the message. Every secret is tried, in constant time for each; an empty one never
    matches, because anybody could have signed with it."""
    verdicts = [hmac.compare_digest(hmac_sha256(secret, message), signature) for secret in secrets if secret]
    return any(verdicts)


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a signed link says. `expires` is in unix seconds of the database's clock: whoever reads rows compares it there."""

    purpose: str
    shop: str
    subject: str
    expires: int


class Keyring:
    """The house's keys: the first one signs and seals, all of them verify and open. A new key is put in front; an old one may
    be taken away when nothing that it sealed or signed is needed any more (`python -m app.cli rotate-keys` tells)."""

    def __init__(self, keys: Sequence[tuple[str, bytes]]) -> None:
        self._keys = dict(keys)
        self._active = keys[0][0]

    @property
    def active(self) -> str:
        """The id of the key that seals and signs."""
        return self._active

    def marks(self) -> dict[str, str]:
        """A mark for each key by its id: the same key has the same mark everywhere, and nobody learns the key from it."""
        return {key_id: self._derive(key_id, b"mark").hex()[:16] for key_id in self._keys}

    # --- secrets at rest ---------------------------------------------------------------------------------------------

    def seal(self, plain: bytes, context: str) -> bytes:
        """Envelope encryption: a fresh data key seals `plain`, the active key wraps the data key. `context` (the shop's public id
        and a name) is authenticated, so a sealed value that is moved to another row does not open."""
        bound = context.encode()
        data_key, nonce, wrap_nonce = os.urandom(KEY), os.urandom(NONCE), os.urandom(NONCE)
        wrapped = AESGCM(self._derive(self._active, b"wrap")).encrypt(wrap_nonce, data_key, bound)
        body = AESGCM(data_key).encrypt(nonce, plain, bound)
        return VERSION + self._active.encode() + b"\x00" + wrap_nonce + wrapped + nonce + body

    def open(self, sealed: bytes, context: str) -> bytes:
        """The plain bytes. `Permanent("sealed_value_unreadable")` when key, context or bytes do not fit."""
        head, _, rest = sealed.partition(b"\x00")
        wrapped_end = NONCE + KEY + TAG
        bound = context.encode()
        try:
            wrapping = AESGCM(self._derive(head.removeprefix(VERSION).decode(), b"wrap"))
            data_key = wrapping.decrypt(rest[:NONCE], rest[NONCE:wrapped_end], bound)
            nonce, body = rest[wrapped_end : wrapped_end + NONCE], rest[wrapped_end + NONCE :]
            return AESGCM(data_key).decrypt(nonce, body, bound)
        except (KeyError, InvalidTag, ValueError) as error:
            raise Permanent("sealed_value_unreadable", "was a key of SECRET_KEYS taken away?") from error

    # --- links -------------------------------------------------------------------------------------------------------

    def sign(self, link: Link) -> str:
        """A token for a URL path: key id, payload and a 128-bit tag."""
        payload = _b64(orjson.dumps([link.purpose, link.shop, link.subject, link.expires]))
        return f"{self._active}.{payload}.{_b64(self._tag(self._active, payload))}"

    def read(self, token: str, purpose: str) -> Link:
        """What a token says, if it is ours and made for this purpose. `BadSignature` otherwise. Expiry is the reader's check."""
        key_id, _, signed = token.partition(".")
        payload, _, tag = signed.partition(".")
        # Text that is not ASCII cannot be compared in constant time, and nothing of ours holds any.
        if not token.isascii() or key_id not in self._keys:
            raise BadSignature("link")
        if not hmac.compare_digest(_b64(self._tag(key_id, payload)), tag):
            raise BadSignature("link")
        said, shop, subject, expires = orjson.loads(_unb64(payload))
        if said != purpose:
            raise BadSignature("link")
        return Link(purpose=said, shop=shop, subject=subject, expires=expires)

    def _tag(self, key_id: str, payload: str) -> bytes:
        return hmac_sha256(self._derive(key_id, b"link"), payload.encode())[:16]

    def _derive(self, key_id: str, use: bytes) -> bytes:
        return hmac_sha256(self._keys[key_id], b"encore/" + use)


def sealed_by(sealed: bytes) -> str:
    """The id of the key that a sealed value says it needs; empty when it is no sealed value."""
    head, separator, _ = sealed.partition(b"\x00")
    is_sealed = separator and head.startswith(VERSION) and head.isascii()
    return head.removeprefix(VERSION).decode() if is_sealed else ""


def recipient_hash(shop_key: bytes, address: str) -> bytes:
    """A fingerprint of an address, keyed by its shop's own secret: nobody can try addresses on it without that secret, the ledger
    recognises its recipients after keys were rotated and in another house, and two shops never know that they share one."""
    return hmac_sha256(shop_key, address.strip().casefold().encode())


def fingerprint(*parts: bytes) -> bytes:
    """sha256 over the parts, each led by its length, so that no two lists of parts look alike."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
