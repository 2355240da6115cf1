"""Our mails as they are written: words, both their forms, and headers."""
