"""What machines report of mails of ours."""
