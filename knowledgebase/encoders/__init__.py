"""Texts as vectors: one protocol, and the encoders that keep to it."""
