"""What every page may use, kept with the application it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import current_app

from app.kernel.runtime import Runtime
from app.web.assets import Assets
from app.web.lookup import KnownShops

NAME = "encore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    runtime: Runtime
    shops: KnownShops
    assets: Assets


def context() -> Context:
    """The present application's."""
    return cast("Context", current_app.extensions[NAME])
