"""The pages of the people who work here and of their teams: who is reached how, and who stands in for whom."""
