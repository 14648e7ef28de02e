"""Django's SQLite with a fair queue of writers."""
