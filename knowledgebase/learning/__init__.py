"""What customers asked and what became of it, for those who write the entries."""
