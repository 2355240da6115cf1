"""Alerts on their way out: put into words, sent by each way at its peer's pace, and what came of it kept."""
