"""How fast the house is, as ratios: the limit and a peer beside our own figure, in one run. docs/performance.md reads them."""
