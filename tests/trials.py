"""How often the long tests try: a short column for every run, a long one for `bin/soak`."""

from __future__ import annotations

import os

LONG = os.environ.get("ENCORE_TRIALS") == "long"

ARRIVALS = 2_000 if LONG else 60
"""Generated histories whose events arrive shuffled, doubled and thinned out."""
POSTED = 2_000 if LONG else 400
"""Webhooks posted while processes are killed; a tenth of them twice."""
KILLS = 20 if LONG else 4
"""Of the web process, and as many of the worker."""
SAME = 1_000 if LONG else 100
"""Posts of one and the same delivery."""
TOGETHER = 20
"""Of them at once."""
