"""Where values from outside go in Python programs: sources, ways, sinks, and what makes values harmless.

`tables`, `sources`, `sinks` and `cleaning` are data.  `project` says what names stand for across files, `walk` follows
the values through functions, and `flows` gives the places found.  Nothing is imported or run.
"""
