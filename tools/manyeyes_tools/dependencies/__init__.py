"""What a project depends on: read from its manifests, held against advisories, and how far it is used here."""
