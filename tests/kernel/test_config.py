"""Settings: read once, every problem told together, secrets also from files."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.kernel.config import BadSettings, Settings
from app.kernel.crypto import Keyring

KEY = base64.urlsafe_b64encode(b"\x01" * 32).decode()
OTHER = base64.urlsafe_b64encode(b"\xfb" * 32).decode()
ENOUGH = {
    "DATABASE_URL": "postgres://encore:word@db.test/encore",
    "REDIS_URL": "redis://valkey.test:6379/0",
    "PUBLIC_URL": "https://encore.test/",
    "SECRET_KEYS": f"k1:{KEY}",
}


def settings(**changed: str) -> Settings:
    return Settings.from_env({**ENOUGH, **changed})


def problems(**changed: str) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        settings(**changed)
    return caught.value.problems


def test_the_four_that_have_no_default_are_enough() -> None:
    read = settings()
    assert read.public_url == "https://encore.test"
    assert (read.smtp_url, read.poll_seconds, read.web_threads, read.allow_private_addresses) == (None, 300, 14, False)


def test_an_empty_environment_names_all_four() -> None:
    with pytest.raises(BadSettings) as caught:
        Settings.from_env({})
    assert sorted(problem.split()[0] for problem in caught.value.problems) == sorted(ENOUGH)
    assert "docs/operations.md" in str(caught.value)


def test_every_problem_is_told_at_once() -> None:
    wrong = {
        "DATABASE_URL": "mysql://db",
        "REDIS_URL": "http://valkey",
        "REDIS_VERIFY_CERTIFICATE": "maybe",
        "PUBLIC_URL": "encore.test",
        "SECRET_KEYS": "k1:short",
        "SMTP_URL": "mail.test",
        "MAIL_FROM": "Encore <encore@encore.test>",
        "ALLOW_PRIVATE_ADDRESSES": "2",
        "CLOCK_ORIGIN": "2026-12-01T08:00:00",
        "CLOCK_RATE": "0.5",
        "POLL_SECONDS": "0",
        "WEB_THREADS": "many",
        "METRICS_TOKEN": "short",
    }
    assert sorted(problem.split()[0] for problem in problems(**wrong)) == sorted(wrong)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_postgres_address_names_the_driver(scheme: str) -> None:
    read = settings(DATABASE_URL=f"{scheme}://encore:word@db.test/encore?sslmode=require")
    assert read.database_url == "postgresql+psycopg://encore:word@db.test/encore?sslmode=require"


# --- files ------------------------------------------------------------------------------------------------------------


def test_any_variable_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"k2:{OTHER}\n", encoding="utf-8")
    (tmp_path / "token").write_text("secret\n", encoding="utf-8")
    environ = ENOUGH | {"SECRET_KEYS_FILE": str(tmp_path / "keys"), "PLATFORM_SECRET_FILE": str(tmp_path / "token")}
    read = Settings.from_env(environ, ["PLATFORM_SECRET", "PLATFORM_ID"])
    assert read.secret_keys == (("k2", b"\xfb" * 32),)
    assert read.platform == {"PLATFORM_SECRET": "secret"}


def test_an_empty_name_of_a_file_counts_as_none() -> None:
    assert settings(SECRET_KEYS_FILE="").secret_keys == (("k1", b"\x01" * 32),)
    without = {name: value for name, value in ENOUGH.items() if name != "SECRET_KEYS"}
    with pytest.raises(BadSettings, match="SECRET_KEYS is not set"):
        Settings.from_env(without | {"SECRET_KEYS_FILE": ""})


def test_a_file_that_cannot_be_used_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("missing", "empty", "binary", "."):
        for variable in ("REDIS_URL", "SECRET_KEYS", "SMTP_URL"):
            told = problems(**{f"{variable}_FILE": str(tmp_path / name)})
            assert len(told) == 1, told
            assert told[0].startswith(f"{variable} cannot be read from {tmp_path / name}")


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_the_first_key_is_the_active_one_and_both_alphabets_are_read() -> None:
    standard = base64.b64encode(b"\xfb" * 32).decode()
    assert settings(SECRET_KEYS=f"k2:{standard}, k1:{KEY}").secret_keys == (("k2", b"\xfb" * 32), ("k1", b"\x01" * 32))
    assert settings(SECRET_KEYS=f"k2:{OTHER.rstrip('=')}").secret_keys == (("k2", b"\xfb" * 32),)


def test_one_generated_secret_is_a_key_and_can_be_replaced() -> None:
    generated = "d1f0" * 16
    bare = settings(SECRET_KEYS=generated)
    assert [(name, len(key)) for name, key in bare.secret_keys] == [("k1", 32)]
    replaced = settings(SECRET_KEYS=f"k2:{KEY},{generated}")
    assert replaced.secret_keys[1] == bare.secret_keys[0]
    sealed = Keyring(bare.secret_keys).seal(b"token", "1/token")
    assert Keyring(replaced.secret_keys).open(sealed, "1/token") == b"token"


@pytest.mark.parametrize(
    "keys",
    [
        *("short", "k1:", f":{KEY}", f"k.1:{KEY}", f"k 1:{KEY}", f"ключ:{KEY}", f"k²:{KEY}", f"k1:{KEY}="),
        *(
            f"k1:{KEY[:-4]}",
            f"k1:{KEY}AAAA",
            f"k1:!{KEY[1:]}",
            f"k1:{KEY},",
            f"k1:{KEY},k1:{OTHER}",
            "x" * 32 + "," + "y" * 32,
        ),
    ],
)
def test_keys_that_would_not_hold_are_refused_without_being_shown(keys: str) -> None:
    (told,) = problems(SECRET_KEYS=keys)
    assert KEY[:-4] not in told


def test_secrets_are_not_shown() -> None:
    shown = repr(settings(SMTP_URL="smtp://user:hunter2@mail.test:587", REDIS_URL="redis://:hunter3@valkey.test"))
    assert not any(secret in shown for secret in ("word", "hunter2", "hunter3"))
    assert repr(b"\x01" * 32) not in shown


@pytest.mark.parametrize("variable", ["SMTP_URL", "REDIS_URL", "PUBLIC_URL"])
@pytest.mark.parametrize(
    "rest", ["user:hunt/er2@host", "user:hunter2@host:port", "user:[hunter2@host", "user:hunter2@"]
)
def test_a_url_that_cannot_be_read_is_not_quoted(variable: str, rest: str) -> None:
    scheme = {"SMTP_URL": "smtp", "REDIS_URL": "rediss", "PUBLIC_URL": "https"}[variable]
    (told,) = problems(**{variable: f"{scheme}://{rest}"})
    assert told.startswith(f"{variable} ")
    assert "hunt" not in told


# --- Valkey's certificate ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "is_checked"),
    [
        ("ec2-203-0-113-7.compute-1.amazonaws.com", False),
        ("ec2-203-0-113-7.eu-west-1.compute.amazonaws.com", False),
        ("encore.abc123.euc1.cache.amazonaws.com", True),  # ElastiCache has a certificate of Amazon's
        ("compute-1.amazonaws.com.evil.test", True),
        ("valkey.test", True),
    ],
)
def test_the_certificate_is_checked_but_where_the_host_signs_its_own(host: str, is_checked: bool) -> None:
    url = f"rediss://:word@{host}:6380"
    assert settings(REDIS_URL=url).valkey_checks_certificate is is_checked
    assert settings(REDIS_URL=url, REDIS_VERIFY_CERTIFICATE="true").valkey_checks_certificate
    assert not settings(REDIS_URL=url, REDIS_VERIFY_CERTIFICATE="off").valkey_checks_certificate


# --- the rest ---------------------------------------------------------------------------------------------------------


def test_the_demo_clock_is_read_in_utc() -> None:
    read = settings(CLOCK_ORIGIN="2026-12-01T08:00:00+02:00", CLOCK_RATE="600")
    assert (read.clock_origin, read.clock_rate) == (datetime(2026, 12, 1, 6, tzinfo=UTC), 600.0)
    assert read.clock_origin is not None
    assert read.clock_origin.tzinfo is UTC


@pytest.mark.parametrize("rate", ["0", "-1", "0.99", "nan", "inf", "1e9", "fast"])
def test_business_time_never_runs_slow(rate: str) -> None:
    assert len(problems(CLOCK_RATE=rate)) == 1


@pytest.mark.parametrize(
    "url",
    [
        "encore.test",
        "ftp://encore.test",
        "https://",
        "https://user@encore.test",
        "https://a.test/b",
        "https://a.test/?b",
    ],
)
def test_the_public_address_is_one_that_links_can_begin_with(url: str) -> None:
    assert len(problems(PUBLIC_URL=url)) == 1


def test_a_sender_is_one_plain_address() -> None:
    assert settings(MAIL_FROM="encore@encore.test").mail_from == "encore@encore.test"
    for wrong in ("encore", "a@b@c", "Encore <a@b.test>", "a@b.test,c@d.test", "a@b.test\nBcc: c@d.test"):
        assert len(problems(MAIL_FROM=wrong)) == 1
