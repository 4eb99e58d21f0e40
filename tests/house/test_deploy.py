"""What a host reads of this repository is true: Procfile, app.json, the example environment, the locks, the commands."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from app import cli, wiring, worker
from app.connectors import CONNECTORS
from app.domain.insight.audit import COUNTS
from app.jobs.works import WORKS
from app.kernel.capacity import MB, check_connections, check_memory, memory_of_web, memory_of_worker
from app.kernel.config import Settings

ROOT = Path(__file__).parents[2]
APP_JSON = json.loads((ROOT / "app.json").read_text(encoding="utf-8"))
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines())
PROCFILE_ONLY = {"PORT", "HOST"}
LOCKS = ("requirements.txt", "requirements-demo.txt", "requirements-test.txt", "requirements-dev.txt")


def settings() -> set[str]:
    """The names of every variable that the house reads."""
    source = (ROOT / "app/kernel/config.py").read_text(encoding="utf-8")
    own = set(re.findall(r'read\.(?:needed|optional)\(\s*"([A-Z_]+)"', source))
    return own | {name for connector in CONNECTORS.values() for name in connector.setting_names}


def example(*, uncommented: bool) -> dict[str, str]:
    pattern = r"^#?([A-Z_]+)=(.*)$" if uncommented else r"^([A-Z_]+)=(.*)$"
    return dict(re.findall(pattern, (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))


def test_the_procfile_starts_what_there_is() -> None:
    assert set(PROCFILE) == {"release", "web", "worker"}
    assert "--port $PORT" in PROCFILE["web"]
    for command in PROCFILE.values():
        for module in re.findall(r"-m ([\w.]+)", command):
            assert import_module(module)
    ((module, factory),) = re.findall(r"(app\.\w+):(\w+)", PROCFILE["web"])
    assert callable(getattr(import_module(module), factory))


def test_app_json_is_what_heroku_publishes_it_to_be() -> None:
    schema = os.environ.get("HEROKU_SCHEMA", "")
    if not schema:
        assert "CI" not in os.environ, "HEROKU_SCHEMA is not set: .ci/run fetches it"
        pytest.skip("HEROKU_SCHEMA names no copy of Heroku's app.json schema (.ci/run fetches one)")
    jsonschema.validate(APP_JSON, json.loads(Path(schema).read_text(encoding="utf-8")))


def test_app_json_asks_only_for_settings_that_are_read() -> None:
    asked: dict[str, Any] = APP_JSON["env"]
    given_by_add_ons = {"DATABASE_URL", "REDIS_URL"}
    assert set(asked) <= settings()
    assert {"PUBLIC_URL", "SECRET_KEYS"} <= set(asked)
    assert not given_by_add_ons & set(asked)
    assert set(APP_JSON["formation"]) == set(PROCFILE) - {"release"}


def test_the_connections_of_the_smallest_plan_are_enough() -> None:
    asked = {name: entry["value"] for name, entry in APP_JSON["env"].items() if "value" in entry}
    wanted = wiring.demand(wiring.read_settings({**example(uncommented=False), **asked}))
    assert wanted == wiring.demand(wiring.read_settings(example(uncommented=False)))
    assert (wanted.worker, wanted.command) == (len(worker.ROLES) * worker.CONNECTIONS, cli.CONNECTIONS)
    assert check_connections(wanted, 20) == []
    assert wiring.VALKEY_CONNECTIONS + 1 <= 20


def test_the_smallest_dyno_is_enough() -> None:
    import_of_the_house = 96 * MB
    dyno = 512 * MB
    threads = wiring.read_settings(example(uncommented=False)).web_threads
    assert check_memory("web", memory_of_web(import_of_the_house, threads), dyno, "") == []
    assert check_memory("worker", memory_of_worker(import_of_the_house, len(worker.ROLES)), dyno, "") == []


def test_what_heroku_generates_and_gives_is_enough() -> None:
    Settings.from_env(
        {
            "DATABASE_URL": "postgres://u:p@ec2-1-2-3-4.compute-1.amazonaws.com:5432/d",
            "REDIS_URL": "rediss://:p@ec2-1-2-3-4.compute-1.amazonaws.com:6380",
            "PUBLIC_URL": "https://encore-123.herokuapp.com",
            "SECRET_KEYS": "0123456789abcdef" * 4,
        }
    )


def test_the_example_environment_names_every_setting_and_starts() -> None:
    assert set(example(uncommented=True)) == settings()
    Settings.from_env(example(uncommented=False))
    Settings.from_env({name: value for name, value in example(uncommented=True).items() if value})


@pytest.mark.parametrize("name", sorted(settings() | PROCFILE_ONLY))
def test_every_setting_is_explained(name: str) -> None:
    assert f"`{name}`" in OPERATIONS


@pytest.mark.parametrize("kind", sorted(WORKS))
def test_every_kind_of_work_is_explained(kind: str) -> None:
    assert f"| `{kind}` |" in OPERATIONS


def reasons() -> set[str]:
    """Every word that stands in a `Skip(...)` or after `reason=`."""
    found: set[str] = set()
    for path in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                is_skip = ast.unparse(node.func) == "Skip"
                said = node.args if is_skip else [given.value for given in node.keywords if given.arg == "reason"]
                constants = (part for value in said for part in ast.walk(value) if isinstance(part, ast.Constant))
                found |= {part.value for part in constants if isinstance(part.value, str) and part.value}
    return found


@pytest.mark.parametrize("reason", sorted(reasons()))
def test_every_reason_for_not_writing_is_explained(reason: str) -> None:
    assert is_in_a_table(reason)


@pytest.mark.parametrize("name", COUNTS)
def test_every_number_of_the_audit_is_explained(name: str) -> None:
    assert is_in_a_table(name)


def is_in_a_table(word: str) -> bool:
    """Whether a row of docs/operations.md is about it."""
    rows = (line.partition(" | ")[0] for line in OPERATIONS.splitlines() if line.startswith("| `"))
    return any(f"`{word}`" in row for row in rows)


def test_there_is_one_lock_for_a_host_to_find_and_it_names_no_registry() -> None:
    assert not [name for name in ("uv.lock", "poetry.lock", "Pipfile.lock", "runtime.txt") if (ROOT / name).exists()]
    for name in LOCKS:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text, name
        assert "--hash=sha256:" in text, name


def test_each_lock_holds_the_one_before_pin_for_pin() -> None:
    pins = [set(re.findall(r"^\S+==\S+", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)) for name in LOCKS]
    for smaller, larger in pairwise(pins):
        assert smaller <= larger


def test_the_python_of_a_host_is_one_that_is_supported() -> None:
    major, minor = (ROOT / ".python-version").read_text(encoding="utf-8").strip().split(".")
    assert (3, 11) <= (int(major), int(minor)) < (3, 15)


@pytest.mark.parametrize("path", sorted((ROOT / "bin").iterdir()), ids=lambda path: path.name)
def test_a_command_is_a_posix_shell_script(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("#!/bin/sh\n# ")
    assert path.stat().st_mode & 0o111
    assert subprocess.run(["sh", "-n", path], check=False).returncode == 0


def test_the_readme_shows_its_picture_and_its_links_lead_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} points at {target}"
