"""What people see of mail in the console: the ledger, a letter, and what became of ours."""
