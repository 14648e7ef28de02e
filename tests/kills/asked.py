"""The process that a lab asks: a line in names a function of tests.kills.inside and what it is given, a line
out holds what it gave. One process for all that is asked, as starting one takes seconds."""

import json
import sys
import traceback

import django

django.setup()

from django.db import close_old_connections  # noqa: E402

from tests.kills import inside  # noqa: E402


def main():
    """Answer until nobody asks any more."""
    for line in sys.stdin:
        name, given = json.loads(line)
        try:
            close_old_connections()
            said = {"result": getattr(inside, name)(*given)}
        except Exception:  # noqa: BLE001 - told to whoever asked
            said = {"error": traceback.format_exc()}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
