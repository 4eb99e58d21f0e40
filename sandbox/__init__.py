"""Stores, carriers and mail that behave like the real ones: for the demo, the tests and the benchmarks."""
