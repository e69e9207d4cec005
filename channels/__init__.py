"""Ways to reach a person: one contract, one provider file each."""
