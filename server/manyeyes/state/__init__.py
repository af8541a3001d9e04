"""What is remembered between calls and processes: runs, and what every call to a model took."""
