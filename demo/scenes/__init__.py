"""What the demo's clips are drawn, spoken and encoded with."""
