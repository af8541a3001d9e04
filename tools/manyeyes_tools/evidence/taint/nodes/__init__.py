"""What becomes of values at each kind of node: expressions, statements and tests."""
