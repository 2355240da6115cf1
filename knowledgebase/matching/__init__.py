"""Which entries an utterance may mean, in which order, how surely, and why. Pure."""
