"""The pages of those who decide what is promised: policies and calendars, tried out before they count."""
