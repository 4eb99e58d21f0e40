"""Sealed values open only where they belong, and a link that anybody touched is a bad signature and nothing else."""

from __future__ import annotations

import base64
import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.crypto import (
    Keyring,
    Link,
    fingerprint,
    hmac_sha256,
    matches_any,
    recipient_hash,
    sealed_by,
)
from app.kernel.errors import BadSignature, Permanent

OLD = ("k1", b"\x01" * 32)
NEW = ("k2", b"\x02" * 32)
LINK = Link(purpose="track", shop="shop-a", subject="order-1", expires=1_800_000_000)


@pytest.fixture
def keys() -> Keyring:
    return Keyring([OLD])


# --- secrets at rest --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plain", [b"", b"shpat_0123", bytes(range(256)) * 100])
def test_a_sealed_value_opens_again(keys: Keyring, plain: bytes) -> None:
    assert keys.open(keys.seal(plain, "1/token"), "1/token") == plain


def test_the_same_value_never_looks_the_same_twice(keys: Keyring) -> None:
    sealed = {keys.seal(b"token", "1/token") for _ in range(50)}
    assert len(sealed) == 50
    assert not any(b"token" in value for value in sealed)


@pytest.mark.parametrize("context", ["2/token", "1/other", "1/token ", "", "11/token"])
def test_a_value_moved_to_another_row_does_not_open(keys: Keyring, context: str) -> None:
    with pytest.raises(Permanent, match="sealed_value_unreadable"):
        keys.open(keys.seal(b"token", "1/token"), context)


def test_a_value_that_was_touched_anywhere_does_not_open(keys: Keyring) -> None:
    sealed = keys.seal(b"token", "1/token")
    for position in range(len(sealed)):
        touched = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
        with pytest.raises(Permanent, match="sealed_value_unreadable"):
            keys.open(touched, "1/token")
        with pytest.raises(Permanent, match="sealed_value_unreadable"):
            keys.open(sealed[:position], "1/token")


@given(st.binary(max_size=200))
def test_garbage_does_not_open(sealed: bytes) -> None:
    for value in (sealed, b"\x01k1\x00" + sealed):
        with pytest.raises(Permanent, match="sealed_value_unreadable"):
            Keyring([OLD]).open(value, "1/token")


def test_parts_of_two_values_do_not_make_a_third(keys: Keyring) -> None:
    one, two = keys.seal(b"token-1", "1/token"), keys.seal(b"token-2", "1/token")
    middle = len(b"\x01k1\x00") + 12 + 32 + 16
    with pytest.raises(Permanent, match="sealed_value_unreadable"):
        keys.open(one[:middle] + two[middle:], "1/token")


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    before, during, after = Keyring([OLD]), Keyring([NEW, OLD]), Keyring([NEW])
    old = before.seal(b"token", "1/token")
    new = during.seal(during.open(old, "1/token"), "1/token")
    assert after.open(new, "1/token") == b"token"
    for keys, sealed in ((after, old), (before, new)):
        with pytest.raises(Permanent, match="sealed_value_unreadable"):
            keys.open(sealed, "1/token")


# --- links ------------------------------------------------------------------------------------------------------------


def test_a_link_says_what_was_put_into_it(keys: Keyring) -> None:
    assert keys.read(keys.sign(LINK), "track") == LINK
    foreign = dataclasses.replace(LINK, subject="Ü/…\n.")
    assert keys.read(keys.sign(foreign), "track") == foreign


def test_a_link_fits_into_the_path_of_a_url(keys: Keyring) -> None:
    token = keys.sign(LINK)
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    assert len(token) < 120


def is_bad(keys: Keyring, token: str, purpose: str = "track") -> bool:
    with pytest.raises(BadSignature) as caught:
        keys.read(token, purpose)
    return caught.value.code == "bad_signature"


def test_a_link_serves_one_purpose(keys: Keyring) -> None:
    assert is_bad(keys, keys.sign(LINK), "console")
    assert is_bad(keys, keys.sign(LINK), "")


@pytest.mark.parametrize(
    "change", [{"purpose": "console"}, {"shop": "shop-b"}, {"subject": "order-2"}, {"expires": 1_900_000_000}]
)
def test_a_payload_under_another_payloads_tag_is_refused(keys: Keyring, change: dict[str, str | int]) -> None:
    wanted = dataclasses.replace(LINK, **change)  # type: ignore[arg-type]
    forged = keys.sign(wanted).rpartition(".")[0] + "." + keys.sign(LINK).rpartition(".")[2]
    assert is_bad(keys, forged, wanted.purpose)


def test_a_link_that_was_touched_anywhere_is_refused(keys: Keyring) -> None:
    token = keys.sign(LINK)
    for position in range(len(token)):
        for sign in ("A", "B", ".", "%", "=", "é", "\x00", "\ud800", ""):
            if sign != token[position]:
                assert is_bad(keys, token[:position] + sign + token[position + 1 :])
        assert is_bad(keys, token[:position])
        assert is_bad(keys, token[position + 1 :])


@pytest.mark.parametrize("tail", ["=", "==", "A", ".", ".A", "\n", " ", "%00", "\u00e9"])
def test_a_link_with_something_behind_it_is_refused(keys: Keyring, tail: str) -> None:
    assert is_bad(keys, keys.sign(LINK) + tail)


@given(st.text(max_size=80))
def test_garbage_is_refused(token: str) -> None:
    keys = Keyring([OLD])
    payload = keys.sign(LINK).split(".")[1]
    for text in (token, f"k1.{token}", f"k1.{payload}.{token}", f"k1.{token}.{token}", f"{token}.{payload}.{token}"):
        assert is_bad(keys, text)


def test_a_payload_signed_with_the_key_itself_is_refused(keys: Keyring) -> None:
    payload = keys.sign(LINK).split(".")[1]
    tag = base64.urlsafe_b64encode(hmac_sha256(OLD[1], payload.encode())[:16]).rstrip(b"=").decode()
    assert is_bad(keys, f"k1.{payload}.{tag}")


def test_a_link_of_another_house_is_refused(keys: Keyring) -> None:
    assert is_bad(keys, Keyring([("k1", b"\x09" * 32)]).sign(LINK))
    assert is_bad(Keyring([NEW]), keys.sign(LINK).replace("k1.", "k2.", 1))


def test_links_outlive_their_key_until_it_is_taken_away() -> None:
    before, during, after = Keyring([OLD]), Keyring([NEW, OLD]), Keyring([NEW])
    assert during.read(before.sign(LINK), "track") == LINK
    assert after.read(during.sign(LINK), "track") == LINK
    assert is_bad(after, before.sign(LINK))


# --- signatures and fingerprints --------------------------------------------------------------------------------------


def test_any_of_the_secrets_may_have_signed() -> None:
    signature = hmac_sha256(b"old", b"body")
    assert matches_any([b"new", b"old"], b"body", signature)
    assert not matches_any([b"new"], b"body", signature)
    assert not matches_any([b"new", b"old"], b"other body", signature)
    assert not matches_any([b"new", b"old"], b"body", signature[:-1])
    assert not matches_any([b"new", b"old"], b"body", b"")


def test_a_secret_that_is_not_set_signs_nothing() -> None:
    assert not matches_any([b""], b"body", hmac_sha256(b"", b"body"))
    assert not matches_any([], b"body", b"")


def test_a_recipient_is_known_again_in_any_spelling_and_to_one_shop_only() -> None:
    known = recipient_hash(b"mine", "jana@example.org")
    assert recipient_hash(b"mine", " Jana@Example.ORG ") == known
    assert recipient_hash(b"theirs", "jana@example.org") != known
    assert recipient_hash(b"mine", "jan@example.org") != known


def test_a_sealed_value_says_which_key_it_needs_and_nothing_else() -> None:
    assert sealed_by(Keyring([NEW, OLD]).seal(b"token", "1/token")) == "k2"
    for foreign in (b"", b"x", b"k1\x00", b"\x01k1", b"\x01\xff\x00"):
        assert sealed_by(foreign) == ""


def test_keys_are_told_apart_by_marks_that_do_not_give_them_away() -> None:
    marks = Keyring([NEW, OLD]).marks()
    assert marks["k1"] == Keyring([OLD]).marks()["k1"]
    assert len({*marks.values(), *Keyring([("k1", NEW[1])]).marks().values()}) == 2
    assert OLD[1].hex()[:16] not in marks.values()
    assert Keyring([("k1", NEW[1])]).marks()["k1"] != marks["k1"]


def test_two_lists_of_parts_never_look_alike() -> None:
    assert fingerprint(b"ab", b"c") != fingerprint(b"a", b"bc") != fingerprint(b"abc") != fingerprint(b"abc", b"")
    assert fingerprint() != fingerprint(b"")
    assert fingerprint(b"ab", b"c") == fingerprint(b"ab", b"c")
