"""Every page, as each kind of person sees it: readable by everybody, in both directions, on every width.

The study is built once for all pages, so nothing here may change it: forms are only ever sent wrong.
"""

import pytest
from django.core.management import call_command
from django.template.loader import render_to_string
from django.test import Client, override_settings
from django.urls import URLPattern, get_resolver, reverse
from pytest_django.live_server_helper import LiveServer

from tests.browser.axe import ALL, COLOURS, faults
from tests.browser.pages import NO_PAGES, VISITS
from tests.browser.world import World, build

DESKTOP = {"width": 1440, "height": 900}
TELEPHONE = {"width": 390, "height": 844}

WIDER_THAN_WINDOW = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= window.innerWidth) return [];
  const outside = [...document.body.querySelectorAll('*')].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width && (box.right > window.innerWidth + 1 || box.left < -1);
  });
  return [`${root.scrollWidth} px wide`, ...outside.slice(0, 8).map((e) => `${e.tagName}.${e.className}`)];
}"""


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, tmp_path_factory) -> World:
    """The study, built once; the database is open to the server, and emptied at the end."""
    folder = tmp_path_factory.mktemp("world")
    with django_db_blocker.unblock():
        with override_settings(MEDIA_ROOT=folder / "media"):
            made = build(folder)
        yield made
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def _django_db_helper():
    """In place of pytest-django's, which would empty the database after every test."""


@pytest.fixture(autouse=True)
def _media_of_the_world(world, settings):
    """One folder for the media of all these tests, instead of each test's own."""
    settings.MEDIA_ROOT = world.folder / "media"


@pytest.fixture(scope="module")
def server(world, _static_root):
    """A server of our own: the usual one goes with a database that is emptied after every test."""
    server = LiveServer("localhost")
    server._live_server_modified_settings.enable()
    yield server
    server._live_server_modified_settings.disable()
    server.stop()


@pytest.fixture(scope="module")
def tabs(browser, world, server):
    """A tab for each person and language, kept for their next page: starting one takes longer than a page."""
    kept = {}

    def tab_of(who, language):
        if (who, language) not in kept:
            context = browser.new_context(
                base_url=server.url, viewport=DESKTOP, locale="en-GB", reduced_motion="reduce"
            )
            context.set_default_timeout(30_000)
            cookies = {"django_language": language}
            if who:
                client = Client()
                client.force_login(world.people[who])
                cookies["sessionid"] = client.cookies["sessionid"].value
            context.add_cookies([{"name": k, "value": v, "url": server.url} for k, v in cookies.items()])
            kept[who, language] = _watched(context.new_page())
        tab = kept[who, language]
        tab.set_viewport_size(DESKTOP)
        tab.emulate_media(color_scheme="light")
        return tab

    yield tab_of
    for tab in kept.values():
        tab.context.close()


@pytest.fixture
def visit(tabs, world):
    """Opens the page of a visit in a language; the tab's `complaints` are those of this page."""

    def open_page(visited, language="en"):
        tab = tabs(visited.who, language)
        tab.goto("about:blank")  # what the page before still had to say belongs to that page
        tab.complaints.clear()
        address = reverse(visited.name, kwargs=world.arguments[visited.about])
        answer = tab.goto(address + visited.query, wait_until="load")
        assert answer.status == visited.status
        if visited.do:
            visited.do(tab)
        wait_for_quiet(tab)
        return tab

    return open_page


def wait_for_quiet(tab):
    """Until nothing has been asked for a moment: a fifth of what "networkidle" waits for on each page."""
    n_quiet = 0
    while n_quiet < 2:
        tab.wait_for_timeout(50)
        n_quiet = 0 if tab.asked else n_quiet + 1


def _watched(tab):
    """The tab with what its console and its scripts complain of, and what they have asked the server for."""
    tab.complaints, tab.asked = [], set()
    tab.on("request", lambda request: request.resource_type == "media" or tab.asked.add(request))
    for end in ("requestfinished", "requestfailed"):
        tab.on(end, lambda request: tab.asked.discard(request))
    tab.on("pageerror", lambda error: tab.complaints.append(f"error: {error}"))
    tab.on("console", lambda message: tab.complaints.extend(_complaint(tab, message)))
    tab.on("dialog", lambda dialog: dialog.accept())
    return tab


def _complaint(tab, message):
    """Errors and warnings; that the page itself is a refusal is no complaint of the browser's to mind."""
    if message.type not in ("error", "warning"):
        return
    is_status = message.text.startswith("Failed to load resource: the server responded with a status of 4")
    if not (is_status and message.location["url"] == tab.url):
        yield f"{message.type}: {message.text} {message.location['url']}"


@pytest.mark.parametrize("visited", VISITS, ids=lambda visited: visited.label)
def test_page_is_accessible(visit, visited):
    tab = visit(visited)
    found = []
    for size in (DESKTOP, TELEPHONE):
        tab.set_viewport_size(size)
        for theme, options in (("light", ALL), ("dark", COLOURS)):
            tab.emulate_media(color_scheme=theme)
            found += faults(tab, options, within=visited.within, where=f"{theme} {size['width']}")
        found += tab.evaluate(WIDER_THAN_WINDOW)
    assert not (found + tab.complaints), "\n".join([tab.url, *found, *tab.complaints])


@pytest.mark.parametrize("visited", VISITS, ids=lambda visited: visited.label)
def test_page_holds_from_right_to_left(visit, visited):
    tab = visit(visited, "he")
    assert tab.locator("html").get_attribute("dir") == "rtl"
    found = []
    for size in (DESKTOP, TELEPHONE):
        tab.set_viewport_size(size)
        found += [f"{size['width']}: {line}" for line in tab.evaluate(WIDER_THAN_WINDOW)]
    assert not (found + tab.complaints), "\n".join([tab.url, *found, *tab.complaints])


@pytest.mark.parametrize("template", ["400.html", "500.html"])
def test_page_for_what_failed_is_accessible(tabs, template):
    tab = tabs(None, "en")
    body = render_to_string(template)
    tab.route("**/broken/", lambda route: route.fulfill(status=500, body=body, content_type="text/html"))
    tab.goto("/broken/")
    found = faults(tab)
    tab.emulate_media(color_scheme="dark")
    found += faults(tab, COLOURS)
    tab.unroute("**/broken/")
    assert found == []


def test_every_page_is_visited():
    names = set(_names(get_resolver().url_patterns))
    visited = {visited.name for visited in VISITS}
    excused = set().union(*NO_PAGES.values())
    assert names - visited - excused == set(), "new pages: add them to VISITS, or say in NO_PAGES why not"
    assert (visited | excused) - names == set(), "no such pages any more"
    assert visited & excused == set()


def _names(patterns, namespace=""):
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}"
        else:
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _names(pattern.url_patterns, inner)
