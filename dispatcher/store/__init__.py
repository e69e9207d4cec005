"""What is remembered: alerts, callouts, facts, questions, outbox, roster, keys."""
