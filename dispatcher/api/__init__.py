"""The outer contract over HTTP: one file per noun."""
