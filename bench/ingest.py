"""Webhook ingest: what a 12.6 KB delivery costs, beside Node's fastify and beside Postgres with nothing before it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from subprocess import Popen
from urllib.parse import urlsplit

from app.web.ingest import KEEP
from bench.load import Outcome, Plan
from bench.machine import Meter
from bench.orders import DELIVERY_BYTES, NEWS, body
from bench.rounds import Reading, Readings, Verdict, alternate, middle, options, ratio, report, say
from bench.stage import ROOT, SECRET, STATE, Stage, stage
from sandbox.servers.postgres_binaries import account_to_run_as, find_binaries
from sandbox.servers.process import end, free_port, launch

OURS, FASTIFY, PGBENCH = "ours (granian)", "Node fastify + pg", "pgbench, same statement"
PACKAGES = ("fastify@5.12.8", "pg@8.23.1")
CONNECTIONS = 16
ORDERS_A_SECOND = 167
"""10,000 checkouts a minute."""
PARAMETER = re.compile(r"%\((\w+)\)[sb]")
NAMES = ("shop", "key", "topic", "event", "triggered_at", "body")


@dataclass(frozen=True, slots=True)
class Server:
    """A web server that takes deliveries."""

    port: int
    process: Popen[bytes]


def main() -> None:
    asked = options(__doc__, seconds=2.5, warm_up=1.0)
    with stage() as on, contextlib.ExitStack() as stack:
        servers = {OURS: stack.enter_context(our_server(on))}
        if peer_folder := node_packages():
            servers[FASTIFY] = stack.enter_context(fastify_server(on, peer_folder))
        say("as fast as answered")
        closed = alternate(_closed_runs(on, servers, asked.seconds, asked.warm_up), asked.rounds)
        say(f"on a timetable, {ORDERS_A_SECOND} a second")
        opened = alternate(_open_runs(on, servers, asked.seconds, asked.warm_up), asked.rounds)
        where = f"{on.version()}, {CONNECTIONS} connections, bodies of {DELIVERY_BYTES} bytes"
    report(f"Ingest, as fast as answered: {where}", "request", closed, _closed_verdicts(closed), as_json=asked.json)
    report(f"Ingest, {ORDERS_A_SECOND} a second", "request", opened, _open_verdicts(opened), as_json=asked.json)


# --- servers ----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def our_server(on: Stage) -> Generator[Server]:
    """The web line of Procfile."""
    procfile = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    line = next(line.removeprefix("web:").strip() for line in procfile if line.startswith("web:"))
    port = free_port()
    environ = {
        **on.environ,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_THREADS": str(CONNECTIONS),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    with _serving(["/bin/sh", "-c", f"exec {line}"], environ, port, on.folder / "web.log") as server:
        yield server


@contextlib.contextmanager
def fastify_server(on: Stage, folder: Path) -> Generator[Server]:
    """One Node process with a pool as large as ours, the same statement, prepared."""
    port = free_port()
    peer = {
        "port": port,
        "database": on.postgres.url(),
        "connections": CONNECTIONS,
        "secret": SECRET,
        "shop": str(on.shop.id),
        "path": path_of(on),
        "statement": PARAMETER.sub(lambda found: f"${NAMES.index(found[1]) + 1}", KEEP),
    }
    program = shutil.copy(ROOT / "bench/peers/fastify.mjs", folder)  # Node looks for packages beside the file
    environ = {"PATH": os.environ["PATH"], "NODE_ENV": "production", "PEER": json.dumps(peer)}
    with _serving(["node", program], environ, port, on.folder / "fastify.log") as server:
        yield server


def node_packages() -> Path | None:
    """The folder that holds the peer's packages, fetched the first time; None, and a line that says so, where that cannot be."""
    if not (shutil.which("node") and shutil.which("npm")):
        say("skipped: fastify (no Node and npm here)")
        return None
    folder = STATE / "node"
    folder.mkdir(parents=True, exist_ok=True)
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text(encoding="utf-8").split() == list(PACKAGES):
        return folder
    command = ["npm", "install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--silent", *PACKAGES]
    if subprocess.run(command, cwd=folder, stdout=sys.stderr, check=False).returncode:
        say("skipped: fastify (npm could not install its packages)")
        return None
    stamp.write_text("\n".join(PACKAGES), encoding="utf-8")
    return folder


@contextlib.contextmanager
def _serving(command: Sequence[str | Path], environ: Mapping[str, str], port: int, log: Path) -> Generator[Server]:
    with log.open("wb") as output:
        process = launch(command, log=output, environ=environ, folder=ROOT)
    try:
        _wait(port, process, log)
        yield Server(port, process)
    finally:
        end(process)


def _wait(port: int, process: Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError, HTTPException):
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    sys.exit(f"a server did not come up:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")


# --- runs -------------------------------------------------------------------------------------------------------------


def path_of(on: Stage) -> str:
    return f"/hooks/{on.shop.platform}/{on.shop.public_id}"


def _closed_runs(
    on: Stage, servers: Mapping[str, Server], seconds: float, warm_up: float
) -> dict[str, Callable[[], Reading]]:
    runs: dict[str, Callable[[], Reading]] = {}
    for name, server in servers.items():
        plan = _plan(on, server, seconds=seconds, warm_up=warm_up)
        runs[name] = lambda server=server, plan=plan: _drive(on, server, plan)
    pgbench = _pgbench()
    if pgbench:
        script = _script(on)
        runs[PGBENCH] = lambda: _drive_pgbench(on, pgbench, script, seconds)
    return runs


def _open_runs(
    on: Stage, servers: Mapping[str, Server], seconds: float, warm_up: float
) -> dict[str, Callable[[], Reading]]:
    runs: dict[str, Callable[[], Reading]] = {}
    for name, server in servers.items():
        plan = _plan(on, server, seconds=seconds, warm_up=warm_up, rate=ORDERS_A_SECOND)
        runs[name] = lambda server=server, plan=plan: _drive(on, server, plan)
    return runs


def _plan(on: Stage, server: Server, *, seconds: float, warm_up: float, rate: float = 0) -> Plan:
    return Plan(
        port=server.port,
        path=path_of(on),
        secret=SECRET,
        seconds=seconds,
        warm_up=warm_up,
        connections=CONNECTIONS,
        rate=rate,
    )


def _drive(on: Stage, server: Server, plan: Plan) -> Reading:
    """Both sides of the count are looked at: what was answered, and what stands in the inbox."""
    on.empty()
    command = [sys.executable, "-m", "bench.load"]
    with Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
        assert load.stdin
        assert load.stdout
        load.stdin.write(json.dumps(asdict(plan)))
        load.stdin.close()
        load.stdout.readline()
        meter = Meter(
            {"server": [server.process.pid], "postgres": [on.database_pid], "load": [load.pid], "bench": [os.getpid()]}
        )
        line = load.stdout.readline()
        usage = meter.stop()
    outcome = Outcome(**json.loads(line))
    latencies = {"p50 ms": outcome.p50, "p99 ms": outcome.p99, "max ms": outcome.longest}
    return Reading(
        units=outcome.answered,
        seconds=outcome.seconds,
        cpu={name: usage.cpu[name] for name in ("server", "postgres")},
        others=usage.others,
        errors=outcome.errors + _missing(on, outcome.answered - outcome.errors),
        more=latencies if plan.rate else {"p50 ms": outcome.p50, "p99 ms": outcome.p99},
    )


def _missing(on: Stage, acknowledged: int) -> int:
    """Deliveries that were answered with 200 and are not in the inbox, or owe no work."""
    with on.admin() as connection:
        row = connection.execute("SELECT (SELECT count(*) FROM inbox), (SELECT count(*) FROM outbox)").fetchone()
    assert row
    return max(acknowledged - min(row), 0)


# --- the limit --------------------------------------------------------------------------------------------------------


def _pgbench() -> Path | None:
    """Beside the server's own programs, else on PATH."""
    beside = find_binaries(account_to_run_as()) / "pgbench"
    found = str(beside) if beside.exists() else shutil.which("pgbench")
    if not found:
        say("skipped: pgbench (neither beside Postgres nor on PATH)")
    return Path(found) if found else None


def _script(on: Stage) -> Path:
    """The statement with pgbench's variables; the key is new each time, as a delivery's is."""
    replaced = {"key": "sha256(int8send(:key::bigint))", "triggered_at": "NULL"}
    statement = PARAMETER.sub(lambda found: replaced.get(found[1], f":{found[1]}"), KEEP)
    script = on.folder / "keep.sql"
    one_line = " ".join(statement.split())
    script.write_text(f"\\set key random(1, 9000000000000000000)\n{one_line};\n", encoding="ascii")
    return script


def _drive_pgbench(on: Stage, pgbench: Path, script: Path, seconds: float) -> Reading:
    on.empty()
    url = urlsplit(on.postgres.url())
    bytea = "\\x" + body(1, lines=6, placed_at=NEWS, size=DELIVERY_BYTES).hex()
    variables = {"shop": str(on.shop.id), "topic": "order.updated", "event": "d1/51", "body": bytea}
    command = [
        str(pgbench),
        "-n",
        "-M",
        "prepared",
        "-c",
        str(CONNECTIONS),
        "-j",
        "2",
        "-T",
        str(max(round(seconds), 1)),
    ]
    command += [word for name, value in variables.items() for word in ("-D", f"{name}={value}")]
    command += ["-f", str(script), "-h", "127.0.0.1", "-p", str(url.port), "-U", url.username or "", url.path[1:]]
    environ = {"PATH": os.environ["PATH"], "PGPASSWORD": url.password or "", "LC_ALL": "C"}
    meter = Meter({"postgres": [on.database_pid], "bench": [os.getpid()]})
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    usage = meter.stop()
    done = re.search(r"actually processed: (\d+)", told.stdout)
    rate = re.search(r"tps = ([\d.]+)", told.stdout)
    if not (done and rate):
        sys.exit(f"pgbench failed:\n{told.stderr[-2000:]}")
    client = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Reading(
        units=int(done[1]),
        seconds=int(done[1]) / float(rate[1]),
        cpu={"server": client, "postgres": usage.cpu["postgres"]},
        others=usage.others,
    )


# --- what it must show ------------------------------------------------------------------------------------------------


def _closed_verdicts(readings: Readings) -> list[Verdict]:
    verdicts: list[Verdict] = []
    if FASTIFY in readings:
        figure = ratio(readings, OURS, FASTIFY, Reading.cost)
        verdicts.append(Verdict(what="CPU a delivery, ours ÷ fastify", figure=figure, limit=1.3))
    if PGBENCH in readings:
        figure = ratio(readings, OURS, PGBENCH, lambda run: run.rate)
        verdicts.append(Verdict(what="requests a second, ours ÷ pgbench", figure=figure, limit=0.35, is_floor=True))
    return [*verdicts, _no_errors(readings)]


def _open_verdicts(readings: Readings) -> list[Verdict]:
    verdicts: list[Verdict] = []
    if FASTIFY in readings:
        ours, theirs = (middle(readings[name], lambda run: run.more["p99 ms"]) for name in (OURS, FASTIFY))
        verdicts.append(Verdict(what="p99 in ms, beside fastify's", figure=ours, limit=theirs))
    return [*verdicts, _no_errors(readings)]


def _no_errors(readings: Readings) -> Verdict:
    return Verdict(
        what="our errors, lost deliveries among them", figure=sum(run.errors for run in readings[OURS]), limit=0
    )


if __name__ == "__main__":
    main()
