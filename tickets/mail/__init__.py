"""Mail as rows: what came in and what became of it, what went out, and where the reading of a mailbox stands."""
