"""The house raised on this machine: the servers, the sandbox, and the lines of the Procfile, run as a host runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

from app.kernel.clock import FastClock
from app.kernel.errors import Failure
from app.kernel.http import Http
from sandbox.demo.kept import Kept, check_ports, origin_of
from sandbox.demo.telling import Teller, Trouble
from sandbox.servers import Unavailable, postgres, valkey
from sandbox.servers.process import end, end_recorded, launch

ROOT = Path(__file__).parents[2]
DATABASE = "encore_demo"
READY_SECONDS = 40
END_SECONDS = 25
"""A worker may take 20 to end what it has begun."""
SEED = 7
CREDENTIALS = {"woocommerce": ("consumer_key", "consumer_secret"), "shopify": ("access_token",)}
"""What the sandbox's stores give out to be connected with."""
CHOICES: dict[str, dict[str, object]] = {
    "woocommerce": {
        "sender_name": "Lena von der Rösterei Nebelkamp",
        "phone": "040 000 00 00",
        "hours": "Mo–Fr 9–17 Uhr",
        "voice": "informal",
        "brand_colour": "#a3401c",
        "earliest_days": 2,
        "latest_days": 3,
    },
    "shopify": {
        "sender_name": "Ada at morrow & fen",
        "hours": "Mon–Fri 9–5",
        "brand_colour": "#161616",
        "earliest_days": 2,
        "latest_days": 4,
    },
}
"""What the two merchants have settled for their shops."""


@dataclass(slots=True, kw_only=True)
class Child:
    """A process of the house, with its log."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """`Trouble` when it has ended."""
        if self.process.poll() is not None:
            raise Trouble(f"{self.name} has ended with code {self.process.returncode}", self.log)


@dataclass(slots=True, kw_only=True)
class House:
    """What stands: `shops` are the public ids by platform, `sandbox` what the sandbox said of itself when it was ready."""

    folder: Path
    environ: dict[str, str]
    kept: Kept
    origin: datetime
    rate: float
    tell: Teller
    sandbox: dict[str, Any] = field(default_factory=dict[str, Any])
    shops: dict[str, str] = field(default_factory=dict[str, str])
    children: list[Child] = field(default_factory=list[Child])

    @property
    def public_url(self) -> str:
        return self.environ["PUBLIC_URL"]

    @property
    def http(self) -> Http:
        return Http(allow_private_addresses=True)

    def control(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Ask the sandbox to do or tell something."""
        answer = self.http.call(
            method,
            f"{self.sandbox['control']['url']}{path}",
            headers={"content-type": "application/json"},
            body=json.dumps(body).encode() if body is not None else b"",
        )
        if answer.status >= 300:
            raise Trouble(f"the sandbox answered {answer.status} to {method} {path}", self.folder / "logs/sandbox.log")
        return cast(dict[str, Any], json.loads(answer.body))

    def cli(self, *words: str, stdin: str = "", may_fail: bool = False) -> str:
        """Run one of the operator's commands; what it printed. `may_fail`: its exit code is an answer too."""
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", *words],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env=self.environ,
            cwd=ROOT,
        )
        if done.returncode and not may_fail:
            said = (done.stderr or done.stdout).strip()
            raise Trouble(f"`python -m app.cli {words[0]}` failed: {said}", self.folder / "logs/sandbox.log")
        return done.stdout.strip()

    def business_time(self) -> datetime:
        return FastClock(self.origin, self.rate).now()

    def note_time(self) -> None:
        """Remember where business time stands, so that a next start goes on from there."""
        self.kept.business_time = self.business_time()
        self.kept.save()

    def watch(self) -> None:
        """`Trouble` when a process of the house has ended."""
        for child in self.children:
            child.check()


def raise_house(
    folder: Path, rate: float, environ: Mapping[str, str], tell: Teller, stack: ExitStack, *, durable: bool
) -> House:
    """Start everything and connect both shops. `stack` ends it all in reverse; `Trouble` when a step cannot be done."""
    (folder / "logs").mkdir(exist_ok=True)
    for record in folder.glob("*.pid"):
        end_recorded(record, patience=END_SECONDS)
    kept = Kept.load(folder / "kept.json")
    check_ports(kept.ports)
    origin = origin_of(datetime.now(UTC), rate, kept.business_time)
    kept.save()
    settings = _servers(folder, environ, tell, stack, durable=durable)
    house = House(
        folder=folder,
        environ=_environment(environ, settings, kept, origin, rate),
        kept=kept,
        origin=origin,
        rate=rate,
        tell=tell,
    )
    stack.callback(house.note_time)
    with tell.step("Migrations"):
        house.cli("migrate")
    _start_sandbox(house, stack)
    with tell.step("Web") as step:
        web = _start_process(house, "web", stack)
        _wait_until_ready(house, web)
        step.note(house.public_url)
    with tell.step("Worker"):
        _start_process(house, "worker", stack).check()
    _connect(house)
    return house


# --- servers ----------------------------------------------------------------------------------------------------------


def _servers(
    folder: Path, environ: Mapping[str, str], tell: Teller, stack: ExitStack, *, durable: bool
) -> dict[str, str]:
    """Postgres and Valkey, and the two settings that say where they are."""
    try:
        with tell.step("Postgres") as step:
            database = postgres.find(folder, environ, durable=durable)
            stack.callback(database.stop)
            database.create_database(DATABASE)
            step.note("as DATABASE_URL says" if database.process is None else "embedded")
        with tell.step("Valkey") as step:
            hints = valkey.find(folder, environ)
            stack.callback(hints.stop)
            step.note("as REDIS_URL says" if hints.process is None else "embedded")
    except Unavailable as error:
        raise Trouble(str(error)) from error
    return {"DATABASE_URL": database.url(DATABASE), "REDIS_URL": hints.url()}


def _environment(
    environ: Mapping[str, str], servers: Mapping[str, str], kept: Kept, origin: datetime, rate: float
) -> dict[str, str]:
    """The settings of the house, and of the caller's environment only what any program needs."""
    plain = {name: value for name, value in environ.items() if name in ("HOME", "LANG", "TMPDIR", "TZ", "USER")}
    return {
        **plain,
        **servers,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', '/usr/bin:/bin')}",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "HOST": "127.0.0.1",
        "PORT": str(kept.ports["web"]),
        "PUBLIC_URL": f"http://127.0.0.1:{kept.ports['web']}",
        "SECRET_KEYS": kept.secret_keys,
        "MAIL_FROM": "encore@example.com",
        "ALLOW_PRIVATE_ADDRESSES": "true",
        "CLOCK_ORIGIN": origin.isoformat(),
        "CLOCK_RATE": str(rate),
        "POLL_SECONDS": "2",
    }


# --- processes --------------------------------------------------------------------------------------------------------


def _start_sandbox(house: House, stack: ExitStack) -> None:
    """Two stores, a carrier and a mailbox. They say where they are and what opens them; the house is told that."""
    ports = house.kept.ports
    command = [sys.executable, "-m", "sandbox", "--state", house.folder / "sandbox", "--seed", str(SEED)]
    command += ["--origin", house.origin.isoformat(), "--rate", str(house.rate), "--encore-url", house.public_url]
    for name in ("woocommerce", "shopify", "carrier", "smtp", "mail"):
        command += [f"--{name}-port", str(ports[name])]
    with house.tell.step("Sandbox: two shops, a carrier, a mailbox"):
        said = house.folder / "sandbox.json"
        child = _launch(house, "sandbox", command, stack, said=said)
        house.sandbox = _wait_for_line(child, said)
    house.environ["SMTP_URL"] = house.sandbox["mail"]["smtp_url"]
    house.environ["SHOPIFY_CLIENT_ID"] = house.sandbox["shopify"]["client_id"]
    house.environ["SHOPIFY_CLIENT_SECRET"] = house.sandbox["shopify"]["client_secret"]


def _start_process(house: House, name: str, stack: ExitStack) -> Child:
    """A line of the Procfile, through a shell, as a host does it."""
    return _launch(house, name, ["/bin/sh", "-c", f"exec {procfile()[name]}"], stack)


def _launch(house: House, name: str, command: list[str | Path], stack: ExitStack, said: Path | None = None) -> Child:
    log = house.folder / f"logs/{name}.log"
    log.write_bytes(b"")
    (said or log).write_bytes(b"")
    with log.open("ab") as output, (said or log).open("ab") as answer:
        process = launch(
            command,
            log=output,
            answer=answer,
            environ=house.environ,
            folder=ROOT,
            record=house.folder / f"{name}.pid",
        )
    child = Child(name=name, process=process, log=log)
    house.children.append(child)
    stack.callback(end, process, patience=END_SECONDS)
    return child


def procfile() -> dict[str, str]:
    """The commands of the Procfile by their names."""
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines)


def _wait_for_line(child: Child, said: Path) -> dict[str, Any]:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        child.check()
        text = said.read_text(encoding="utf-8")
        if text.endswith("\n"):
            return json.loads(text.splitlines()[-1])
        time.sleep(0.05)
    raise Trouble(f"{child.name} is not ready after {READY_SECONDS} seconds", child.log)


def _wait_until_ready(house: House, web: Child) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        web.check()
        try:
            if house.http.call("GET", f"{house.public_url}/readyz", read_timeout=5).status == 200:
                return
        except Failure:
            pass  # it does not listen yet
        time.sleep(0.05)
    raise Trouble(f"web is not ready after {READY_SECONDS} seconds", web.log)


# --- shops ------------------------------------------------------------------------------------------------------------


def _connect(house: House) -> None:
    """Connect both stores and their carrier and settle their looks, as their merchants would by hand. A second time changes
    nothing."""
    with house.tell.step("Connecting both shops") as step, ThreadPoolExecutor() as pool:
        connected = pool.map(partial(_connect_one, house), CREDENTIALS)
        house.shops = dict(zip(CREDENTIALS, connected, strict=True))
        step.note(" and ".join(house.shops.values()))


def _connect_one(house: House, platform: str) -> str:
    """The public id of the shop."""
    store, carrier = house.sandbox[platform], house.sandbox["carrier"]
    keys = json.dumps({name: store[name] for name in CREDENTIALS[platform]})
    shop = str(json.loads(house.cli("connect", platform, store["url"], "--credentials", "-", stdin=keys))["shop"])
    key = json.dumps({"api_key": carrier["api_key"]})
    house.cli("carrier", shop, "dhl", "--url", carrier["url"], "--credentials", "-", stdin=key)
    house.cli("settings", shop, stdin=json.dumps({**CHOICES[platform], "returns_url": f"{store['url']}/returns"}))
    return shop
