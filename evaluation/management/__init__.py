"""Commands of agreement and evaluation."""
