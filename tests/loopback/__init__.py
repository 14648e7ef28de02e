"""Providers on this machine: servers that speak their wire formats, for tests that drive the real SDKs."""
