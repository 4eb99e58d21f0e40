"""The rules that no linter knows, read off the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APP = ROOT / "app"
MODULES = sorted(APP.rglob("*.py"))
PLATFORM_WORDS = re.compile(r"shopify|woocommerce|wordpress|\bwoo\b|\bwc[-_]|gid://", re.IGNORECASE)
VAGUE_NAMES = {"utils", "helpers", "common", "misc"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def test_no_platform_word_stands_outside_its_connector() -> None:
    found = [
        f"{name_of(path)}:{number}"
        for path in [*MODULES, *APP.rglob("*.html"), *APP.rglob("*.js"), *APP.rglob("*.css")]
        if not path.is_relative_to(APP / "connectors")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if PLATFORM_WORDS.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not tree.body or ast.get_docstring(tree), name_of(path)
    assert path.stem not in VAGUE_NAMES


def test_the_environment_is_read_only_where_a_process_starts() -> None:
    readers = {name_of(path) for path in MODULES if "os.environ" in path.read_text(encoding="utf-8")}
    assert readers <= {"app/main.py", "app/worker.py", "app/cli/entering.py"}


def test_only_the_database_module_commits() -> None:
    committing = [name_of(path) for path in MODULES if ".commit(" in path.read_text(encoding="utf-8")]
    assert committing == ["app/kernel/db.py"]


def test_every_exception_is_caught_in_two_places_only() -> None:
    broad = {
        name_of(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
    }
    assert broad <= {"app/jobs/queue.py", "app/web/errors.py", "app/web/__init__.py", "app/main.py"}
    assert len(broad) <= 2


def test_nothing_but_http_and_channels_opens_a_connection() -> None:
    doors = {
        "requests": {"app/kernel/http.py"},
        "smtplib": {"app/channels/email.py"},
        "dns": {"app/kernel/dns.py"},
        "urllib.request": set[str](),
    }
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                allowed = doors.get(name, doors.get(name.split(".")[0]))
                assert allowed is None or name_of(path) in allowed, f"{name_of(path)} imports {name}"


def test_signatures_are_never_compared_with_equals() -> None:
    for path in MODULES:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not re.search(r"(digest|signature|hmac)\w*\s*[!=]=\s*[^'\"\[({ ]", line, re.IGNORECASE), (
                f"{name_of(path)}: {line}"
            )


def test_every_import_stands_at_the_top() -> None:
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = [node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
                assert not inner, f"{name_of(path)}:{inner[0].lineno if inner else 0}"


def test_jobs_are_enqueued_by_the_relay_alone() -> None:
    users = {
        name_of(path)
        for path in MODULES
        for _, name in calls(ast.parse(path.read_text(encoding="utf-8")))
        if "enqueue" in name
    }
    assert users == {"app/jobs/relay.py"}


@pytest.mark.parametrize(
    ("folder", "register"),
    [
        ("connectors", "CONNECTORS"),
        ("carriers", "CARRIERS"),
        ("channels", "CHANNELS"),
        ("widgets", "WIDGETS"),
        ("jobs/followups", "FOLLOWUPS"),
    ],
)
def test_what_stands_in_a_folder_stands_in_its_register(folder: str, register: str) -> None:
    module = __import__(f"app.{folder.replace('/', '.')}", fromlist=[register])
    here = APP / folder
    folders = {path.name for path in here.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    files = {path.stem for path in here.glob("*.py")} - {"__init__", "base"}
    assert set(getattr(module, register)) == {slug.replace("-", "_") for slug in folders | files} - {"console"}
