"""How mails come in: fetched by IMAP or handed to us, kept first, read later."""
