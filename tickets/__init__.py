"""The service desk's records and rules: contacts, conversations, tickets, the reply clock and its alerts."""
