"""What the metrics service tells the others. Nothing of its own yet: it listens, and answers questions."""
