"""How often the long tests try: a short column for every run, a long one for `bin/soak`."""

from __future__ import annotations

import os

LONG = os.environ.get("ENCORE_TRIALS") == "long"

KILLS = 1_000 if LONG else 50
"""F01: of worker children and parents, at random."""
ORDERS = 3_000 if LONG else 150
"""F01: told meanwhile; each is read, planned for and written to."""
POSTED = 10_000 if LONG else 400
"""F03: webhooks posted to web processes that are killed; a tenth of them twice."""
WEB_KILLS = 200 if LONG else 8
"""F03: at most; a slow machine would only begin web processes."""
RELAYS = 150 if LONG else 6
"""F04: kills of the relay, one a round, at the points of its round in turn."""
CUTS = 200 if LONG else 20
"""F10: connections cut right after a commit was sent."""
SAME = 1_000 if LONG else 100
"""F16: posts of one and the same delivery."""
TOGETHER = 20
"""Of them at once."""
ARRIVALS = 5_000 if LONG else 60
"""F17: generated histories of at most eight events, which arrive shuffled, doubled and thinned out."""
SCHEDULED_SECONDS = 300 if LONG else 12
"""F24: two schedulers and two relays side by side."""
SLEEPS = 5 if LONG else 1
"""F25: a worker put to sleep beyond its lease, so often at each point."""
VALKEY_KILLS = 36 if LONG else 3
"""F05: of Valkey, one every few seconds."""
VALKEY_FLUSHES = 20 if LONG else 6
"""F06: of everything that Valkey holds."""
VALKEY_ORDERS = 1_200 if LONG else 80
"""F05, F06, F07: told meanwhile; a tenth of them twice."""
VALKEY_DOWN_SECONDS = 60 if LONG else 2
"""F06: without Valkey."""
VALKEY_DOWN_ORDERS = 10_000 if LONG else 100
"""F06: told while it is away; each is read, planned for and written to, which makes three rows of work."""
UNWRITABLE_POSTS = 1_000 if LONG else 40
"""F08: half of them while Postgres takes no writes."""
POSTGRES_CRASHES = 20 if LONG else 2
"""F09: under load."""
SESSIONS_ENDED = 40 if LONG else 4
"""F09: times that every session is ended under load."""
POSTGRES_ORDERS = 3_000 if LONG else 1_000
"""F09: told meanwhile, as many as there is time for."""
WRONG_CLOCK_ORDERS = 300 if LONG else 25
"""F19: each with a letter that is due and one that is not yet."""
RETURNS = 1_000 if LONG else 30
"""F13, F21: each with a refund, half of whose answers are lost."""
CLICKS = 10
"""F21: for each of them, at once."""
KILLED_RETURNS = 200 if LONG else 30
"""F21: refunds under way while workers are killed."""
REFUND_KILLS = 60 if LONG else 5
"""F21: of workers while they give money back."""
IMPORTED = 50_000 if LONG else 2_000
"""F22: orders of the store that is being imported."""
DEPLOYS = 20 if LONG else 3
"""F22: in the middle of it."""
REQUESTS = 2_000 if LONG else 60
"""Generated requests to each public address."""
SOLD = 500 if LONG else 25
"""F29: orders placed and sent while one in twenty webhooks is dropped."""
MISSED = 100 if LONG else 4
"""F29: orders of days ago that nobody tells of, and as many of hours ago."""
CROWDED_SECONDS = 60 if LONG else 3
"""Of three times as many storefront visitors as the web process has threads."""
BACKLOG = 50_000 if LONG else 2_500
"""Deliveries of one busy shop before those of 49 quiet ones."""
IMPORTED_BESIDE = 50_000 if LONG else 1_500
"""Orders of one store that is imported beside 49 quiet ones."""
QUIET_NEWS = 300 if LONG else 30
"""Deliveries of quiet shops meanwhile, each timed."""
DUE_ROWS = 100_000 if LONG else 20_000
"""Work that is due while no worker takes any."""
POISONED = 5 if LONG else 1
"""F20: rows of each sort that kill, hang or eat memory."""
HERD = 20_000 if LONG else 200
"""F23: deliveries of two hours that are due at once, and as many letters planned."""
