"""The help centre: published entries by category, searched with the chat's own matcher, readable without scripts."""
