"""What the metrics service tells the others. Nothing yet: it listens, and answers questions."""
