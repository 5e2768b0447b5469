"""Where a file comes from: finds the record in it, or in what it lies in, and compares it with what is there."""
