"""Whatever bytes come: a clear refusal, or a whole import. Never a traceback, never half of one."""

import io
import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from annotator.actions.label_plan import Mode
from annotator.actions.labels import import_codings, import_gold
from annotator.errors import RefusedError
from annotator.imports.errors import ImportFileError
from annotator.imports.tables import read_table
from annotator.models import Coding, Consolidation, GoldLabel, Judgement, Role, Slot, Video
from tests.factories import make_member, make_study

pytestmark = pytest.mark.django_db
HEADERS = [
    "video_id,face,tradition",
    "video_id,value,stance",
    "1_Link1,1_Value1_Face_values,1_Value1_Tradition_values",
    "video_id,face:endorsed,face:confronted,tradition:endorsed,tradition:confronted",
    "video_id,coder,value,stance,first_stance,unsure,evidence,note,submitted_at,set_aside,saw_feedback",
]
CELLS = st.sampled_from(
    ["", "1", "-1", "0", "2", "3", "−1", "present", "conflict", "face", "Tradition", "yes", "a", "b",
     "https://www.tiktok.com/@x/video/9", "https://x", "1.5-0.2", "3-4; 5", "2026-13-01", "1e5", "nan", "٣",
     "'=1", '"', "\x00", "\u202e", "9" * 30, "x" * 300]
)  # fmt: skip
LINES = st.lists(st.lists(CELLS, min_size=0, max_size=12).map(",".join), max_size=8)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def study():
    return make_study(slugs=["face", "tradition"])


def attempt(study, coder, data, name, *, skip):
    """Import as gold and as codings; what is there afterwards is whole."""
    for as_gold in (True, False):
        before = (Video.objects.count(), Coding.objects.count(), GoldLabel.objects.count())
        try:
            table = read_table(io.BytesIO(data), name=name)
            mode = Mode(skip_bad_rows=skip, coder_in_file="")
            if as_gold:
                import_gold(study=study, table=table, mode=mode)
            else:
                import_codings(study=study, coder=coder, table=table, mode=mode)
        except (RefusedError, ImportFileError) as error:
            told = str(error)
        else:
            continue
        assert told.strip()
        assert (Video.objects.count(), Coding.objects.count(), GoldLabel.objects.count()) == before
    assert Judgement.objects.count() == 2 * Coding.objects.count()
    assert GoldLabel.objects.count() == 2 * Consolidation.objects.count()
    assert Slot.objects.filter(is_open=False).count() == Coding.objects.filter(slot__isnull=False).count()


@FEW
@given(header=st.sampled_from(HEADERS), lines=LINES, skip=st.booleans())
@example(header=HEADERS[0], lines=["1,1,0", "1,1"], skip=True)
def test_hostile_cells(study, header, lines, skip):
    coder = make_member(study, Role.ANNOTATOR)
    attempt(study, coder, "\n".join([header, *lines]).encode(), "labels.csv", skip=skip)


@FEW
@given(
    data=st.binary(max_size=400),
    name=st.sampled_from(["a.csv", "a.tsv", "a.jsonl", "a.json", "a.xlsx", "a"]),
    start=st.sampled_from(["", *HEADERS]),
)
def test_hostile_bytes(study, data, name, start):
    coder = make_member(study, Role.ANNOTATOR)
    attempt(study, coder, start.encode() + b"\n" + data, name, skip=False)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ROW = st.fixed_dictionaries({"video_id": JSON, "face": JSON, "tradition": JSON}) | st.fixed_dictionaries(
    {"video_id": JSON, "value": st.sampled_from(["face", "tradition"]) | JSON, "stance": JSON, "note": JSON}
)


@FEW
@given(rows=st.lists(ROW, max_size=5), skip=st.booleans())
def test_hostile_json(study, rows, skip):
    coder = make_member(study, Role.ANNOTATOR)
    attempt(study, coder, "\n".join(map(json.dumps, rows)).encode(), "labels.jsonl", skip=skip)
