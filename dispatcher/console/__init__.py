"""The desk in a browser: serves the page that ``web/`` is built into."""
