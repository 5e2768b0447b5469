"""Studies: rows of experiments over several seeds, what they came to, and the page that tells it."""
