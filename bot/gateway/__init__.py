"""Channels: bytes from outside become an InboundMessage, what we say becomes bytes again."""
