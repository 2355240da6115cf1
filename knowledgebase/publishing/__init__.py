"""How changes go into force: gathered, replayed, their flips accepted, and published together or not at all."""
