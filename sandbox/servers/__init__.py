"""The two servers of the house on this machine: Postgres and Valkey, from wheels, for the demo and the tests."""


class Unavailable(Exception):
    """A server cannot be had here. The text says why and what to do about it."""
