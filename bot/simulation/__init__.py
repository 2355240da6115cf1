"""Months of a desk on a clock of their own: the real rules are driven, and a naive model says what should have come.

Nothing of the user's data is touched: the desk lives in a scratch database that is deleted at the end.
"""
