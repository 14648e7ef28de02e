"""Pipelines that ask a language model: prompts in, scripts and predictions out. They never meet a provider."""
