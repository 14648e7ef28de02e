"""Walking every address of a study that answers GET, about everything in it, and reading what comes back."""

import io
import itertools
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.messages import get_messages
from django.db import transaction
from django.test import Client
from django.urls import reverse

from annotator.models import Batch, Coding, Consolidation, Creator, Membership, Question, Slot, Study, Video
from annotator.queries.history import KINDS
from models_app.models import Run, Script
from tests.access.table import TABLE
from tests.access.test_access import PATTERNS

WHATS = (
    "labels",
    "gold",
    "binary",
    "published",
    "predictions",
    "scripts",
    "videos",
    "codings",
    "decisions",
    "reviews",
    "gaps",
)
ENDINGS = ("csv", "jsonl", "parquet", "xlsx")
FIGURES = ("svg", "png", "csv")
WITHOUT_LABELS = {"annotator:video_media", "annotator:video_thumbnail", "annotator:codebook_export"}
TOKEN = re.compile(r'(name="csrfmiddlewaretoken" value="|"csrf[^"]*": ?"|X-CSRFToken[^:]*: ?"|nonce-)[^"\']+')
TOKENS = re.compile(r"\b[A-Za-z0-9]{64}\b")

PKS: dict[str, Callable[[Study], Iterable[int]]] = {
    "video": lambda study: Video.objects.filter(study=study).values_list("pk", flat=True),
    "coding": lambda study: Coding.objects.filter(study=study).values_list("pk", flat=True),
    "batch": lambda study: Batch.objects.filter(study=study).values_list("pk", flat=True),
    "creator": lambda study: Creator.objects.filter(study=study).values_list("pk", flat=True),
    "member": lambda study: Membership.objects.filter(study=study).values_list("user", flat=True),
    "slot": lambda study: Slot.objects.filter(batch__study=study).values_list("pk", flat=True),
    "question": lambda study: Question.objects.filter(consolidation__video__study=study).values_list(
        "pk", flat=True
    ),
    "run": lambda study: Run.objects.filter(study=study).values_list("pk", flat=True),
    "consolidation": lambda study: Consolidation.objects.filter(video__study=study).values_list(
        "pk", flat=True
    ),
}
PKS["run"] = lambda study: Run.objects.filter(study=study).values_list("pk", flat=True)
PKS["precedent"] = PKS["consolidation"]
PKS["leaderboard"] = PKS["run"]
PKS["script"] = lambda study: Script.objects.filter(video__study=study).values_list("pk", flat=True)
QUERIES = {
    "annotator:history_list": [
        *({"kind": kind} for kind in KINDS), {"person": "p-ann"}, {"video": "stage-submitted"},
    ],
    "annotator:video_list": [{"state": s} for s in ("free", "begun", "coded", "gold")] + [{"sort": "-batch"}],
    "annotator:coding_list": [{"value": "face"}, {"value": "face", "stance": "-1"}, {"q": "zq"}],
    "annotator:codebook_detail": [{"version": "1"}],
    "models_app:run_videos": [{"only": "differs"}, {"only": "missing"}, {"sort": "differs"}],
    "models_app:video_models": [{"only": "differs"}],
    "models_app:script_list": [{"q": "zq"}, {"sort": "-length"}, {"state": "gaps"}, {"state": "approved"}],
    "models_app:script_next": [{"queue": "transcriber"}],
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What an address answered."""

    name: str
    status: int
    text: str  # files unpacked


def addresses(study: Study, endings=ENDINGS) -> Iterator[tuple[str, str]]:
    """The name and each address of every page, about everything there is in the study."""
    for name in dict.fromkeys(row.name for row in TABLE if row.method == "GET" or row.get == "shown"):
        if name in WITHOUT_LABELS:
            continue
        groups = set(PATTERNS[name].pattern.regex.groupindex)
        if "slug" not in groups:
            yield name, reverse(name)
            continue
        for arguments in _arguments(name, groups - {"slug"}, study, endings):
            url = reverse(name, kwargs={"slug": study.slug, **arguments})
            yield name, url
            for query in _queries(name, study):
                yield name, f"{url}?{urlencode(query)}"


def _arguments(name: str, groups: set[str], study: Study, endings) -> Iterator[dict]:
    noun = name.partition(":")[2].partition("_")[0]
    pks = list(PKS[noun](study)) if "pk" in groups else [None]
    values = ("face", "humility") if "value" in groups else (None,)
    videos = list(PKS["video"](study)) if "video" in groups else [None]
    whats = WHATS if "what" in groups else (None,)
    endings = (endings if whats[0] else FIGURES) if "ending" in groups else (None,)
    for pk, video, value, what, ending in itertools.product(pks, videos, values, whats, endings):
        given = {"pk": pk, "video": video, "value": value, "what": what, "ending": ending, "number": 1}
        given["pipeline"] = "masked-lm"
        yield {key: given[key] for key in groups}


def _queries(name: str, study: Study) -> list[dict]:
    if name in ("annotator:consolidation_list", "annotator:difference_list", "annotator:video_list"):
        by_batch = [{"batch": pk} for pk in PKS["batch"](study)]
        return by_batch + QUERIES.get(name, [])
    if name in ("evaluation:leaderboard_compare", "models_app:run_compare"):
        pks = list(PKS["run"](study))
        return [{"a": first, "b": second} for first in pks for second in pks if first < second]
    if name == "models_app:script_compare":
        return [{"a": pk, "b": pk} for pk in PKS["script"](study)]
    return QUERIES.get(name, [])


def walk(client: Client, study: Study, *, headers=None, endings=ENDINGS) -> dict[str, Answer]:
    """Every answer by its address; whatever a page writes is taken back."""
    found = {}
    for name, url in addresses(study, endings):
        with transaction.atomic():
            response = client.get(url, headers=headers or {})
            client.cookies.pop("messages", None)  # read here, so that no later page shows them
            said = " ".join(str(message) for message in get_messages(response.wsgi_request))
            found[url] = Answer(name, response.status_code, text_of(response) + said)
            transaction.set_rollback(True)
        assert response.status_code < 500, url
    return found


def text_of(response) -> str:
    """The answer as text: workbooks unzipped, columns of parquet as rows; tokens of the session left out."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    head = " ".join(f"{key}: {value}" for key, value in response.headers.items() if key == "Location")
    if body[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            parts = [archive.read(entry) for entry in archive.namelist() if "docProps" not in entry]
        return " ".join(part.decode("utf-8", "replace") for part in parts)
    if body[:4] == b"PAR1":
        from pyarrow import parquet

        return str(parquet.read_table(io.BytesIO(body)).to_pylist())
    return head + TOKENS.sub("", TOKEN.sub("", body.decode("utf-8", "replace")))
