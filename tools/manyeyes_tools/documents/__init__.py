"""Documentation from source: what is there is read by engines, what it means may be told by a model."""
