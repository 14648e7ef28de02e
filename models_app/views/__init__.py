"""Pages of runs, and of scripts and predictions beside the human labels."""
