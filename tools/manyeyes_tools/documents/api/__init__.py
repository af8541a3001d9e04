"""HTTP routes in source code: found, read and described without running any of it."""
