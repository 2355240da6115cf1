"""Promises that are broken or about to be: obligations, who is told of them, and their acknowledgement.

An alert is an obligation. It stays open until somebody acknowledges it or the contact is really answered; it may come
late after a downtime, and then says so, but it is never skipped.
"""
