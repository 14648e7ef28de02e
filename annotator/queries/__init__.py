"""What pages and files read, gathered in few queries; nothing here writes: that is annotator.actions."""
