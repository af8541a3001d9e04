"""Review, security and documentation of one material, one after the other or at the same time."""
