"""The command line: ``jiaoying``."""
