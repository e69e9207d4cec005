"""What ``jiaoying doctor`` looks at. No check changes anything."""
