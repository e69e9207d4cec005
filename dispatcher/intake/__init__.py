"""What comes in, parsed: alerts from machines and forms, answers from people."""
