"""What `make demo` tells a newcomer; what it makes is seen by tests/browser and tests/demo."""

import json

import pytest
from django.core.management import call_command

from annotator.management.demo_study import SIMULATED, SLUG
from tests.factories import make_study

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("port", "address"), [(None, "8000"), ("8123", "8123")])
def test_demo_tells_the_address_at_which_it_will_be_served(monkeypatch, capsys, port, address):
    make_study(SLUG)
    make_study(SIMULATED)
    monkeypatch.delenv("PORT", raising=False)
    if port:
        monkeypatch.setenv("PORT", port)
    call_command("make_demo", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["address"] == f"http://localhost:{address}/s/{SLUG}/"
    assert [login["role"] for login in told["logins"]] == ["annotator", "consolidator", "researcher"]
