"""Readers of roster files."""
