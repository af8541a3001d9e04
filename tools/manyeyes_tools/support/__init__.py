"""Answers to customers: what a message is about, who answers it, what it may rest on, when a person must take over."""
