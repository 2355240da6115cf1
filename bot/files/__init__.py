"""Files that come with messages and go with them: taken in, linked to, swept."""
