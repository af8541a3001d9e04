"""The places that serve models: one module a provider, each named by an entry point of `manyeyes.providers`."""
