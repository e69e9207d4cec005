"""Settings, calling policies, texts and hazards, as code and package data."""
