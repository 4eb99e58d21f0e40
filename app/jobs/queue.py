"""Which work there is, how it is claimed, and the one place that decides between again and never."""
