"""What the SMS services have in common, and how each signs its requests and names its failures."""
