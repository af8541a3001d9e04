"""Which functions handle requests, and what reaches them."""
