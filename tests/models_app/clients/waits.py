"""What providers may say in a Retry-After that makes little sense, and the seconds that are waited then."""

A_DAY = 86_400
SENSELESS = [
    ("1e9", 0),  # seconds since 1970, long past
    ("999999999", A_DAY),
    ("99999999999", A_DAY),
    ("1e400", None),
    ("inf", None),
    ("-inf", None),
    ("nan", None),
    ("-5", None),
    ("Fri, 31 Dec 2999 23:59:59 GMT", A_DAY),
    ("Fri, 31 Dec 99999999999 23:59:59 GMT", None),
    ("Fri, 31 Dec 2999 23:59:59 +9999999999999", None),
    ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
    ("Thu, 01 Jan 1970 00:00:00 -0000", 0),
]
