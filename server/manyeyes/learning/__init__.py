"""Which model does which work best, learned from how its answers turned out."""
