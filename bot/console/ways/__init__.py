"""The pages of the ways of telling people: how each does, what came of its messages, and a test."""
