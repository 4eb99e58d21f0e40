"""Fixtures of the web's tests."""

from tests.web.staging import build, house

__all__ = ["build", "house"]
