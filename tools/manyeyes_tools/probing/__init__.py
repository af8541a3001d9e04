"""Probing of a running application: only what the operator listed, and only what a request proved."""
