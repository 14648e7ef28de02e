"""Readers of the files that people bring: tables, links, downloader descriptions."""
