"""Callbacks of the providers: verified, kept raw, answered at once."""
