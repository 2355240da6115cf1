"""What somebody wrote now, told apart from quotes and signatures."""
