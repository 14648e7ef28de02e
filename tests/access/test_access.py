"""Every address for every kind of person, against the written table (tests/access/table.py)."""

import itertools
import json
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from annotator.models import Role
from tests.access import table
from tests.access.table import TABLE, Row
from tests.access.world import World, build
from tests.factories import make_user

ROLES = [frozenset(held) for n in (1, 2, 3) for held in itertools.combinations(Role, n)]
JSON = {"Accept": "application/json"}
HUGE = 10**30


def named_patterns(patterns, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every pattern under the root with its full name."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from named_patterns(pattern.url_patterns, inner)
        else:
            assert pattern.name, f"{pattern.pattern} has no name"
            yield f"{namespace}{pattern.name}", pattern


PATTERNS = dict(named_patterns(get_resolver().url_patterns))


def test_every_address_has_a_row_and_every_row_an_address():
    rows = {row.name for row in TABLE}
    assert set(PATTERNS) - rows == set(), "addresses without a row in tests/access/table.py"
    assert rows - set(PATTERNS) == set(), "rows without an address"


def test_a_name_stands_for_one_address():
    names = [name for name, _pattern in named_patterns(get_resolver().url_patterns)]
    assert len(names) == len(set(names))


def test_every_address_in_a_study_is_under_the_study():
    for name, pattern in PATTERNS.items():
        arguments = set(pattern.pattern.regex.groupindex)
        if arguments - {"slug"}:
            assert "slug" in arguments, f"{name} takes {arguments} outside any study"


def is_in_study(row: Row) -> bool:
    return "slug" in PATTERNS[row.name].pattern.regex.groupindex


def address(row: Row, world: World, *, slug: str | None = None, about: World | None = None) -> str:
    if not is_in_study(row):
        return reverse(row.name)
    arguments = (about or world).objects[row.about]
    return reverse(row.name, kwargs={"slug": slug or world.study.slug, **arguments})


def outcome_of(response) -> str:
    """The word of the table for a response."""
    status = response.status_code
    if response.streaming:
        b"".join(response.streaming_content)
    if status == 401 or (
        status == 302 and response.headers["Location"].startswith(reverse("annotator:login"))
    ):
        return table.LOGIN
    if status in (200, 206):
        return table.SHOWN
    words = {302: table.LED, 400: table.BAD, 403: table.DENIED, 404: table.HIDDEN}
    words |= {405: table.WRONG_METHOD, 409: table.REFUSED}
    return words.get(status, str(status))


def ask(client: Client, row: Row, url: str, *, method: str | None = None) -> str:
    """Send the row's request; whatever it does is taken back."""
    headers = {**row.headers, **(JSON if row.json is not None else {})}
    with transaction.atomic():
        if (method or row.method) == "GET":
            response = client.get(url, headers=headers)
        elif row.json is not None:
            body = json.dumps(row.json)
            response = client.post(url, body, content_type="application/json", headers=headers)
        else:
            response = client.post(url, row.data, headers=headers)
        transaction.set_rollback(True)
    return outcome_of(response)


def agrees(found: str, expected: str) -> bool:
    return found in (table.SHOWN, table.LED) if expected == table.DONE else found == expected


def expected_of(row: Row, roles: frozenset[Role]) -> str:
    """What the table says for a member with these roles."""
    if not is_in_study(row):
        return row.expected
    if not roles & row.roles:
        return table.DENIED
    if row.finds and not row.finds(roles):
        return table.HIDDEN
    return row.bound if row.bound and Role.ANNOTATOR in roles else row.expected


@pytest.fixture
def world_of(db, plain_errors):
    """The two studies of a person with these roles in the first."""

    def make(roles: frozenset[Role]) -> tuple[World, World, Client]:
        me = make_user("me")
        inside = build(me=me, roles=roles, slug="alpha")
        outside = build(me=make_user("somebody"), roles=Role, slug="beta")
        client = Client(raise_request_exception=False)
        client.force_login(me)
        return inside, outside, client

    return make


def name_of(roles: frozenset[Role]) -> str:
    return "+".join(role.value for role in Role if role in roles)


@pytest.mark.parametrize("roles", ROLES, ids=name_of)
def test_members_find_what_the_table_says(world_of, roles):
    inside, outside, client = world_of(roles)
    wrong = []
    for row in TABLE:
        expected = expected_of(row, roles)
        found = ask(client, row, address(row, inside))
        if row.name == "annotator:logout":
            client.force_login(inside.me)
        if not agrees(found, expected):
            wrong.append(f"{row.label}: {found}, not {expected}")
        if row.get and expected != table.DENIED:
            found = ask(client, row, address(row, inside), method="GET")
            if found != row.get:
                wrong.append(f"GET instead of {row.label}: {found}, not {row.get}")
        if "pk" in inside.objects[row.about] or "video" in inside.objects[row.about]:
            expected = table.HIDDEN if roles & row.roles else table.DENIED
            found = ask(client, row, address(row, inside, about=outside))
            if found != expected:
                wrong.append(f"{row.label}, another study's object in this study: {found}, not {expected}")
    assert not wrong, "\n".join(wrong)


def test_members_find_nothing_of_other_studies(world_of):
    inside, outside, client = world_of(frozenset(Role))
    wrong = [
        f"{row.label}: {found}"
        for row in TABLE
        if is_in_study(row)
        and (found := ask(client, row, address(row, inside, slug=outside.study.slug, about=outside)))
        != table.HIDDEN
    ]
    assert not wrong, "\n".join(wrong)


def test_outsiders_find_nothing(world_of):
    """Also not what they made while they belonged to the study."""
    inside, _outside, client = world_of(frozenset())
    wrong = [
        f"{row.label}: {found}"
        for row in TABLE
        if is_in_study(row) and (found := ask(client, row, address(row, inside))) != table.HIDDEN
    ]
    assert not wrong, "\n".join(wrong)


def test_anonymous_people_are_led_to_the_login(world_of):
    inside, _outside, _client = world_of(frozenset(Role))
    client = Client(raise_request_exception=False)
    wrong = []
    for row in TABLE:
        found = ask(client, row, address(row, inside))
        if row.is_public:
            if found not in (table.SHOWN, table.LED, table.LOGIN):
                wrong.append(f"{row.label}: {found}")
        elif found != table.LOGIN:
            wrong.append(f"{row.label}: {found}, not login")
    assert not wrong, "\n".join(wrong)


def test_scripts_without_a_login_get_json(world_of):
    inside, _outside, _client = world_of(frozenset(Role))
    for row in TABLE:
        if row.json is not None:
            response = Client().post(
                address(row, inside), json.dumps(row.json), content_type="application/json", headers=JSON
            )
            assert response.status_code == 401, row.label
            assert response.json()["error"] == "login", row.label


def test_nothing_is_done_without_a_csrf_token(world_of):
    inside, _outside, _client = world_of(frozenset(Role))
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(inside.me)
    wrong = [
        row.label
        for row in TABLE
        if row.method == "POST" and ask(client, row, address(row, inside)) != table.DENIED
    ]
    assert not wrong, "\n".join(wrong)


HOSTILE = {
    "pk": (0, HUGE, "%00"),
    "video": (0, HUGE, "-1"),
    "number": (0, HUGE, 2**63),
    "value": ("no-such-value", "x" * 5000, "%00"),
    "what": ("nothing", "x" * 5000, "..%2f.."),
    "ending": ("nothing", "x" * 5000, "%00"),
    "slug": ("no-such-study", "x" * 5000, "%00"),
    "pipeline": ("no-such-pipeline", "import", "x" * 5000, "%00"),
}
MARKERS = {"pk": 987654321, "video": 987654321, "number": 987654321}


def test_hostile_addresses_end_in_a_clear_answer(world_of):
    inside, _outside, client = world_of(frozenset(Role))
    wrong = []
    for row in {row.name: row for row in TABLE}.values():
        for name in PATTERNS[row.name].pattern.regex.groupindex:
            for hostile in HOSTILE[name]:
                marker = MARKERS.get(name, "m-a-r-k-e-r")
                arguments = {"slug": inside.study.slug, **inside.objects[row.about], name: marker}
                url = reverse(row.name, kwargs=arguments).replace(str(marker), str(hostile))
                found = ask(client, row, url)
                if found not in (table.HIDDEN, table.BAD):
                    wrong.append(f"{row.label} with {name}={str(hostile)[:20]}: {found}")
    assert not wrong, "\n".join(wrong)


NAMES = [
    *(
        "page",
        "batch",
        "creator",
        "state",
        "value",
        "q",
        "sort",
        "after",
        "kind",
        "person",
        "video",
        "stance",
    ),
    *("coder", "minor", "withdrawn", "sound", "has_media", "order", "purpose", "what", "format", "by"),
    *("unsure", "note", "mode", "n", "next", "of", "feedback", "pseudonyms", "a", "b"),
    *("run", "script", "only", "seen", "videos", "scripts", "folds"),
]
STRANGE = (HUGE, "%00", "²", "x%ff%27--")


def test_hostile_queries_never_break_a_page(world_of):
    """One name at a time would take minutes: each page gets all names with one kind of nonsense at once."""
    inside, _outside, client = world_of(frozenset(Role))
    wrong = []
    pages = {address(row, inside): row for row in TABLE if row.method == "GET"}
    for url, row in pages.items():
        queries = ["&".join(f"{name}={strange}" for name in NAMES) for strange in STRANGE]
        if "codebook" in row.name or "agreement" in row.name or "export" in row.name:
            queries += [f"version={strange}" for strange in STRANGE]
        for query in queries:
            found = ask(client, row, f"{url}?{query}")
            if found.startswith("5"):
                wrong.append(f"{row.label}?{query}: {found}")
    assert not wrong, "\n".join(wrong)


HOSTILE_RANGES = [
    "bytes=",
    "bytes=-",
    "bytes=5-2",
    f"bytes={HUGE}-",
    f"bytes=0-{HUGE}",
    "bytes=0-1,4-5",
    "x",
    "bytes=²-",
]


def test_hostile_ranges_never_break_media(world_of):
    inside, outside, client = world_of(frozenset({Role.ANNOTATOR}))
    row = next(row for row in TABLE if row.name == "annotator:video_media")
    for asked in HOSTILE_RANGES:
        response = client.get(address(row, inside), headers={"Range": asked})
        assert response.status_code in (200, 206, 416), asked
        outcome_of(response)
        hidden = client.get(address(row, inside, about=outside), headers={"Range": asked})
        assert hidden.status_code == 404, asked


def test_media_of_a_study_stay_in_it_by_etag_and_head_too(world_of):
    inside, outside, client = world_of(frozenset(Role))
    for name in ("annotator:video_media", "annotator:video_thumbnail"):
        row = next(row for row in TABLE if row.name == name)
        response = client.get(address(row, inside))
        outcome_of(response)
        etag = response.headers["ETag"]
        assert client.get(address(row, inside), headers={"If-None-Match": etag}).status_code == 304
        theirs = address(row, inside, about=outside)
        assert client.get(theirs, headers={"If-None-Match": "*"}).status_code == 404
        assert client.head(theirs).status_code == 404
        response = client.get(address(row, inside))
        outcome_of(response)
        assert "private" in response.headers["Cache-Control"]


def test_no_address_outside_the_resolver_serves_media(world_of, settings):
    inside, _outside, client = world_of(frozenset(Role))
    name = inside.study.videos.exclude(media="").first().media.name
    for path in (f"/{settings.MEDIA_URL.strip('/')}/{name}", f"/media/{name}", f"/static/../media/{name}"):
        assert client.get(path).status_code == 404


def test_reverse_needs_a_study():
    """A typo in a template shows at once: no address of a study can be made without one."""
    with pytest.raises(NoReverseMatch):
        reverse("annotator:video_media", kwargs={"pk": 1})
