"""The tools of Many Eyes: everything that knows about code, findings and documents."""
