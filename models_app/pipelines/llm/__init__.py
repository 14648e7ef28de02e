"""Pipelines that ask a language model: prompts in, scripts and predictions out, no provider in sight."""
