"""What should have happened, worked out the dumbest way from the log of deeds.

Nothing here uses a function of the real rules: only the log and the words in which rules are written down.
"""
