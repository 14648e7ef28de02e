"""The only code that talks to providers of language models: one small interface, a module a client."""
