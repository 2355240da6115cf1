"""What people see of deadlines: receipts, who was told, what is due, what was kept, and the wall-board."""
