"""Mail out: what may be sent, and how each letter gets to its mail server."""
