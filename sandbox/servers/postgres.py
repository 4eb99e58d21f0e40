"""Postgres on a free loopback port: from the wheel, from the machine, or the one that DATABASE_URL names."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from sandbox.servers import Unavailable
from sandbox.servers.postgres_binaries import REMEDY, account_to_run_as, call, find_binaries, major_version, owned
from sandbox.servers.process import Account, Mark, command_of, end, end_stranger, free_port, launch

ROLE = "encore"
"""Owns the house's databases and is bound by row-level security, like the one role of a small hosted plan."""

SECRET = "encore.secret"
"""The file beside the data that holds the password of this server, for its superuser and its one role."""

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "jit": "off",
    "logging_collector": "off",
    "dynamic_shared_memory_type": "mmap",  # /dev/shm is small in many containers
}

FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
"""For data that nobody needs tomorrow."""


@dataclass(slots=True, kw_only=True)
class Postgres:
    """A server and the right to make databases on it. `stop` ends it, unless it was there before."""

    admin_url: str
    role_url: str
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = ROLE) -> str:
        """Where the house's role reaches a database."""
        return urlsplit(self.role_url)._replace(path=f"/{database}").geturl()

    def create_database(self, name: str = ROLE, *, template: str = "template1") -> None:
        """Make a database that belongs to the house's role, if it is not there. Nobody may be connected to the template."""
        owner = sql.Identifier(urlsplit(self.role_url).username or ROLE)
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
        with self._admin() as connection, contextlib.suppress(psycopg.errors.DuplicateDatabase):
            connection.execute(statement.format(sql.Identifier(name), owner, sql.Identifier(template)))

    def drop_database(self, name: str) -> None:
        with self._admin() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop(self) -> None:
        """Fast shutdown: open transactions roll back, nothing that was committed is lost."""
        if self.process:
            end(self.process, signal.SIGINT)

    def _admin(self) -> psycopg.Connection:
        return psycopg.connect(self.admin_url, autocommit=True, connect_timeout=5)


def find(base: Path, environ: Mapping[str, str], *, durable: bool = True) -> Postgres:
    """The server that DATABASE_URL names, or else one of our own with its data below `base`."""
    given = environ.get("DATABASE_URL", "").strip()
    return use(given) if given else start(base, durable=durable)


def use(url: str) -> Postgres:
    """A server that is there. Only new databases are made on it; the one that the URL names is left alone."""
    url = "postgresql://" + url.partition("://")[2]
    question = "SELECT rolsuper OR rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            is_unbound, makes_databases = connection.execute(question).fetchone() or (True, False)
    except psycopg.OperationalError as error:
        raise Unavailable(f"DATABASE_URL is set, but nobody answers there: {str(error).strip()}") from error
    if is_unbound or not makes_databases:
        raise Unavailable(
            "the role of DATABASE_URL must be allowed to create databases and must not be a superuser (row-level security"
            " would not bind it): CREATE ROLE encore LOGIN CREATEDB PASSWORD '...'"
        )
    return Postgres(admin_url=url, role_url=url)


def start(base: Path, *, durable: bool = True) -> Postgres:
    """A server of our own on a free loopback port, its data below `base` (kept) and its log in base/postgres.log.

    As root it runs as another user, because Postgres refuses root; then data that this user cannot reach lies in /var/tmp.
    `base` belongs to one start at a time: what still runs on it was left by a killed one and is stopped first.
    `Unavailable` when no binaries run here or the server does not come up.
    """
    account = account_to_run_as()
    binaries = find_binaries(account)
    version = major_version(binaries)
    data = _reachable(base, account) / f"postgres-{version}"  # a newer server cannot read an older one's files
    _stop_orphan(data)
    if not data.exists():
        _initialise(binaries, data, account, takes_settings=int(version) >= 16, durable=durable)
    log = base / "postgres.log"
    for _ in range(3):
        server = _launch([binaries / "postgres", "-D", data, *_options(durable=durable)], data, log, account)
        if _answers(server):
            _create_role(server)
            server.create_database()
            return server
        server.stop()
        time.sleep(0.5)  # the port was taken, or children of a killed server are still leaving
    raise Unavailable(f"Postgres does not start; its log says why: {log}")


# --- data -------------------------------------------------------------------------------------------------------------


def _reachable(base: Path, account: Account | None) -> Path:
    """`base`, or where root's helper cannot reach it, a folder of ours in /var/tmp that belongs to `base`."""
    base.mkdir(parents=True, exist_ok=True)
    base = base.resolve()
    if account is None:
        return base
    if call(["/bin/sh", "-c", 'cd "$0"', base], account).returncode == 0:
        return base
    home = Path(f"/var/tmp/encore-data-{hashlib.sha256(os.fsencode(base)).hexdigest()[:16]}")  # noqa: S108 (checked)
    home.mkdir(mode=0o711, exist_ok=True)
    pointer = base / "postgres.elsewhere"
    if not pointer.exists():  # `base` is new, so what lies there belonged to one that was removed
        shutil.rmtree(owned(home))
        home.mkdir(mode=0o711)
        pointer.write_text(f"{home}\n", encoding="utf-8")
    return owned(home)


def _initialise(binaries: Path, data: Path, account: Account | None, *, takes_settings: bool, durable: bool) -> None:
    """Make the data beside its place and move it there when it is whole: a start killed here leaves nothing half-made."""
    making = data.with_name(data.name + ".making")
    secret = making.with_suffix(".secret")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(mode=0o700)
    secret.unlink(missing_ok=True)
    secret.touch(mode=0o600)
    secret.write_text(secrets.token_hex(16), encoding="ascii")
    for path in (making, secret):
        if account:
            os.chown(path, account.uid, account.gid)
    command: list[str | Path] = [binaries / "initdb", "-D", making, "-U", "postgres", "-E", "UTF8", "--no-locale"]
    command += ["--auth=scram-sha-256", f"--pwfile={secret}", "--no-instructions"]
    if takes_settings:  # older ones take it at the start only, and need /dev/shm until then
        command += ["-c", "dynamic_shared_memory_type=mmap"]
    made = call(command if durable else [*command, "--no-sync"], account)
    if made.returncode:
        complaint = (made.stderr or made.stdout).strip().splitlines() or ["initdb said nothing"]
        raise Unavailable(f"Postgres cannot lay out its data: {complaint[0]}. {REMEDY}")
    secret.rename(making / SECRET)
    making.rename(data)


def _options(*, durable: bool) -> list[str]:
    settings = SETTINGS if durable else SETTINGS | FORGETFUL
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _stop_orphan(data: Path) -> None:
    """Stop the server that a killed start left on this data, and clear a lock file whose process is long somebody else."""
    lock = data / "postmaster.pid"
    try:
        first = lock.read_text(encoding="utf-8").splitlines()[:1]
    except FileNotFoundError:
        return
    except PermissionError as error:
        raise Unavailable(f"{data} belongs to another user: start as that user or remove it") from error
    pid = int(first[0]) if first and first[0].isdecimal() else 0
    mark = Mark.of(pid) if pid and str(data) in command_of(pid) else None
    if mark:
        end_stranger(mark, signal.SIGINT, patience=10)
    lock.unlink(missing_ok=True)


# --- start ------------------------------------------------------------------------------------------------------------


def _launch(command: list[str | Path], data: Path, log: Path, account: Account | None) -> Postgres:
    port = free_port()
    password = (data / SECRET).read_text(encoding="ascii")
    with log.open("ab") as output:
        process = launch([*command, "-p", str(port)], log=output, account=account, farewell=signal.SIGINT)
    return Postgres(
        admin_url=f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres",
        role_url=f"postgresql://{ROLE}:{password}@127.0.0.1:{port}/{ROLE}",
        process=process,
    )


def _answers(server: Postgres, patience: float = 60.0) -> bool:
    """Whether it takes connections before it ends or `patience` seconds are over."""
    deadline = time.monotonic() + patience
    while server.process and server.process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(server.admin_url, connect_timeout=2):
            return True
        time.sleep(0.02)
    return False


def _create_role(server: Postgres) -> None:
    password = urlsplit(server.role_url).password or ""
    make = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOBYPASSRLS PASSWORD {}")
    with (
        psycopg.connect(server.admin_url, autocommit=True) as connection,
        contextlib.suppress(psycopg.errors.DuplicateObject),
    ):
        connection.execute(make.format(sql.Identifier(ROLE), sql.Literal(password)))
