"""``make_demo``: two studies to try Axial with, one of clips to code, one of simulated labels."""

import os
from typing import Any

from django.urls import reverse

from annotator.management.base import AxialCommand
from annotator.management.demo_study import (
    PASSWORD,
    PEOPLE,
    SIMULATED,
    SLUG,
    make_demo_study,
    make_simulated_study,
)
from annotator.models import Role, Study
from models_app.management.demo_runs import make_demo_runs
from models_app.models import Run

WHAT_FOR = {
    Role.ANNOTATOR: "code videos",
    Role.CONSOLIDATOR: "settle conflicts",
    Role.RESEARCHER: "dashboard, agreement, everything else",
}


class Command(AxialCommand):
    """Make the demo studies where they are missing, and tell how to log in."""

    help = "Make the two demo studies where they are missing, and print three logins."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing; print the logins either way."""
        if not Study.objects.filter(slug=SLUG).exists():
            make_demo_study()
        if not Study.objects.filter(slug=SIMULATED).exists():
            make_simulated_study()
        if not Run.objects.filter(study__slug=SLUG).exists():
            make_demo_runs(Study.objects.get(slug=SLUG))
        shown = [(username, role) for username, _name, role in PEOPLE if username != "ben"]
        port = os.environ.get("PORT", "8000")  # where the web server will listen (deploy/gunicorn.conf.py)
        address = f"http://localhost:{port}{reverse('annotator:study_detail', args=[SLUG])}"
        lines = [
            "",
            f"  Log in at {address} as",
            *(
                f"    {username:<6} password {PASSWORD}   {role.label}: {WHAT_FOR[role]}"
                for username, role in shown
            ),
            "",
        ]
        logins = [{"username": username, "password": PASSWORD, "role": role} for username, role in shown]
        self.result({"studies": [SLUG, SIMULATED], "address": address, "logins": logins}, "\n".join(lines))
