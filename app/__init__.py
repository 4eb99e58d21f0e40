"""Encore: everything after "buy". Start at docs/architecture.md; the three ways in are main.py, worker.py and cli.py."""
