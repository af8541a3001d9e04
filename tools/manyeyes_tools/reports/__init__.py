"""Results in the forms that people and other programs read: Markdown, terminal, SARIF, pages."""
