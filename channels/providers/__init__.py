"""One file for each provider; only :mod:`channels.registry` imports them."""
