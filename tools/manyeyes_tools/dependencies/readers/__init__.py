"""One reader for each kind of manifest or lock file, all behind `reading.Reader`; see `registry`."""
