"""What a text says: one spelling for it, its words, its numbers, and what it insists on. Pure."""
