"""Media files: what is in them, where they are kept, how they are served."""
