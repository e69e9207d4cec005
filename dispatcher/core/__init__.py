"""The rules of calling. Pure: no clock, no disk, no network, standard library only."""
