"""Everything Encore may write by itself, in one list."""

from app.jobs.followups import shipped, thank_you
from app.jobs.followups.base import FollowUp

FOLLOWUPS: dict[str, FollowUp] = {follow_up.slug: follow_up for follow_up in (thank_you.FOLLOW_UP, shipped.FOLLOW_UP)}
