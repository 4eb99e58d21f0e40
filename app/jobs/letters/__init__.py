"""Facts and copy become a letter."""

from app.jobs.letters.letter import compose

__all__ = ["compose"]
