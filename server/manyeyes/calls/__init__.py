"""The wrappers around a model, one concern each.  `manyeyes.gateway` alone knows their order."""
