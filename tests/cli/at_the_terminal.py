"""Commands as an operator types them, against a test's own database."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from click.testing import CliRunner, Result

from app.cli import cli
from app.kernel.db import Database
from app.kernel.runtime import held

KEY = bytes(range(32))
SECRET_KEYS = f"k1:{base64.b64encode(KEY).decode()}"


@dataclass(slots=True)
class Terminal:
    """One installation's shell. `environ` adds to its settings or replaces them."""

    url: str
    environ: dict[str, str] = field(default_factory=dict[str, str])

    def run(self, *words: str, given: str = "") -> Result:
        environ = {
            "DATABASE_URL": self.url,
            "REDIS_URL": "redis://127.0.0.1:9",
            "PUBLIC_URL": "https://encore.example",
            "SECRET_KEYS": SECRET_KEYS,
            "ALLOW_PRIVATE_ADDRESSES": "true",
            **self.environ,
        }
        result = CliRunner().invoke(cli, list(words), env=environ, input=given)
        held().db.close()
        return result


def terminal_of(db: Database, **environ: str) -> Terminal:
    return Terminal(db.engine.url.render_as_string(hide_password=False), environ)
