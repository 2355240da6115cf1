"""Bytes of a mail made readable. Pure."""
