"""What is said of a ticket and its customer, and how tickets are merged and split, in the console."""
