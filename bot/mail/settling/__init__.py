"""What becomes of a mail that was taken in: read, judged, put into its conversation, once."""
