"""Which models to ask for a piece of work, in which order, and why not the others."""
