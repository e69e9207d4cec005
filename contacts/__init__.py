"""Who answers for what: units, posts, people, and how they are reached."""
