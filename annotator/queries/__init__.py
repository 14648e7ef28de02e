"""What pages and files read, gathered in few queries; nothing here writes. Writes are in annotator.actions."""
