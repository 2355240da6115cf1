"""What was promised to whom, by when it is due and how that came about, and who is told when it is late."""
