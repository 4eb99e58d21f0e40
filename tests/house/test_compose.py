"""compose.yaml and the image it builds agree with what a host reads otherwise: Procfile, the example environment, the tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.test_deploy import PROCFILE, ROOT, example, settings

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("release", "web", "worker")
HOSTS_OWN = {"ENCORE_PASSWORD", "POSTGRES_PASSWORD", "ENCORE_PORT"}
"""What only compose.yaml asks for."""
NAMED = re.compile(r"(?<!\$)\$\{(\w+)")


def command(service: str) -> str:
    """As the container's shell gets it."""
    said = SERVICES[service]["command"]
    line = said[-1].removeprefix("exec ") if isinstance(said, list) else said
    return line.replace("$$", "$")


def test_it_runs_the_lines_of_the_procfile() -> None:
    assert {name: command(name) for name in OURS} == PROCFILE
    assert set(SERVICES) == {*OURS, "postgres", "valkey"}


def test_it_gives_every_process_settings_that_are_read() -> None:
    given = {name: set(SERVICES[name]["environment"]) for name in OURS}
    assert given["release"] == given["worker"] == given["web"] - {"PORT"}
    assert given["worker"] <= settings()
    required = {"DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "SECRET_KEYS"}
    assert required <= given["worker"]
    assert {name for name in settings() if name.startswith("SHOPIFY_")} <= given["worker"]


def test_it_asks_for_nothing_that_the_example_and_the_docs_do_not_name() -> None:
    asked = set(NAMED.findall((ROOT / "compose.yaml").read_text(encoding="utf-8")))
    guide = (ROOT / "docs/self-hosting.md").read_text(encoding="utf-8")
    assert asked - set(example(uncommented=True)) == HOSTS_OWN
    assert [name for name in sorted(HOSTS_OWN) if f"`{name}`" not in guide] == []


def test_nothing_starts_before_what_it_stands_on() -> None:
    for name in ("web", "worker"):
        waits = {on: how["condition"] for on, how in SERVICES[name]["depends_on"].items()}
        assert waits == {
            "release": "service_completed_successfully",
            "postgres": "service_healthy",
            "valkey": "service_healthy",
        }
    for name in ("web", "postgres", "valkey"):
        assert SERVICES[name]["healthcheck"]["test"]
    assert "/readyz" in SERVICES["web"]["healthcheck"]["test"][-1]
    assert SERVICES["release"]["restart"] == "no"


def test_a_stop_gives_a_worker_the_time_it_takes() -> None:
    assert SERVICES["worker"]["stop_grace_period"] == "30s"
    assert SERVICES["worker"]["init"]


def test_the_role_is_bound_by_the_wall_between_shops() -> None:
    script = COMPOSE["configs"]["role"]["content"]
    assert "NOSUPERUSER" in script
    assert "NOBYPASSRLS" in script
    assert SERVICES["worker"]["environment"]["DATABASE_URL"].startswith("postgres://encore:")
    (mounted,) = SERVICES["postgres"]["configs"]
    assert mounted["source"] == "role"
    assert mounted["target"].startswith("/docker-entrypoint-initdb.d/")
    checked = script.replace("$$", "$")
    assert subprocess.run(["sh", "-n"], input=checked, text=True, check=False).returncode == 0


def test_the_servers_are_new_enough_and_only_the_proxy_reaches_the_web() -> None:
    assert int(SERVICES["postgres"]["image"].partition(":")[2]) >= 17
    assert int(SERVICES["valkey"]["image"].partition(":")[2]) >= 8
    assert [name for name in SERVICES if SERVICES[name].get("ports")] == ["web"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["web"]["ports"])
    assert "noeviction" in SERVICES["valkey"]["command"]


def test_the_image_holds_what_the_processes_read_and_the_python_that_hosts_run() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    version = (ROOT / ".python-version").read_text(encoding="utf-8").strip()
    assert f"FROM python:{version}-slim" in lines
    copied = {line.split()[1] for line in lines if line.startswith("COPY")}
    assert {"requirements.txt", "Procfile", "app", "copy", "docs/openapi.yaml", "migrations", "static"} == copied
    assert all((ROOT / name).exists() for name in copied)
    let_through = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE))
    assert let_through == copied
    assert lines[-1].startswith("USER ")


def test_compose_itself_takes_it(tmp_path: Path) -> None:
    """Where a machine has Compose; the others read the file as YAML above."""
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("no docker compose on this machine")
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        **dict.fromkeys(HOSTS_OWN - {"ENCORE_PORT"}, "x"),
        **example(uncommented=False),
    }
    told = subprocess.run(
        [docker, "compose", "--file", ROOT / "compose.yaml", "config", "--quiet"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
