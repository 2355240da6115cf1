"""Entries as people write them: kept, checked, versioned, read from files and written to files."""
