"""How rows are kept, never what they mean: the port, its engines, migrations, the outbox and wake-ups."""
