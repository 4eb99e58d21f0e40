"""Liquid with limits, and the filters that write dates, windows and plurals as a language does."""

from __future__ import annotations
