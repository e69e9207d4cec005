"""The only place where the rules of calling meet the world."""
