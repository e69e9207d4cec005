"""A telephone exchange with virtual people, speaking the providers' own protocols."""
