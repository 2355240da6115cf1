"""The agents' pages: set-up, login, queue, ticket, and the wake-ups that keep them current."""
