"""What the syntax of code tells, in fourteen languages: whether it parses, what it defines, and who uses what."""
