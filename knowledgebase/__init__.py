"""What we know: entries, how a question finds them, and how sure that is."""
