"""How alerts get out: paced, with every outcome kept, and noticed where they do not."""
