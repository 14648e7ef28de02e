"""Labels on their way out: what is in a row, and how rows become a file."""
