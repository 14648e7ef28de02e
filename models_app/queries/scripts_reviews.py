"""Reviews of scripts: which is next for somebody, how far they are, and what they may see of others'."""

from dataclasses import dataclass

from django.db.models import QuerySet

from annotator.models import Batch, Study, User, Video
from models_app.models import CLOSED_STATES, ReviewState, Script, ScriptGap, ScriptReview
from models_app.models.script import ScriptQuerySet
from models_app.queries.scripts import scripts_of, states_of


@dataclass(frozen=True, slots=True)
class Queue:
    """The scripts of one model that somebody goes through, one after the other."""

    model: str
    batch: Batch | None
    n_left: int
    n_own: int  # reviewed by them

    @property
    def n(self) -> int:
        """All that are theirs: done, or to be done."""
        return self.n_left + self.n_own


@dataclass(frozen=True, slots=True)
class Reviews:
    """What is known of a script's reviews to one person."""

    state: ReviewState
    own: ScriptReview | None
    shown: list[ScriptReview]  # others'
    n_kept: int  # others', until the person has given their own
    can_review: bool
    gaps: list[ScriptGap]
    n_gaps_kept: int


def reviews_for(script: Script, *, reader: User) -> Reviews:
    """Reviews and gaps of one script; what others said is kept from whoever may still review it."""
    reviews = list(ScriptReview.objects.filter(script=script).select_related("reviewer").order_by("pk"))
    own = next((review for review in reviews if review.reviewer_id == reader.pk), None)
    others = [review for review in reviews if review is not own]
    state = states_of([script.pk]).get(script.pk, ReviewState.UNREVIEWED)
    is_open = own is None and state not in CLOSED_STATES
    gaps = list(ScriptGap.objects.filter(script=script).select_related("created_by"))
    shown_gaps = [gap for gap in gaps if not is_open or gap.created_by_id == reader.pk]
    return Reviews(
        state=state,
        own=own,
        shown=[] if is_open else others,
        n_kept=len(others) if is_open else 0,
        can_review=is_open or (own is not None and not others),
        gaps=shown_gaps,
        n_gaps_kept=len(gaps) - len(shown_gaps),
    )


def waiting(
    study: Study, videos: QuerySet[Video], *, reader: User, model: str, batch: Batch | None
) -> ScriptQuerySet:
    """The newest scripts of the model that the person may review, in the order of the videos."""
    found = _of_queue(study, videos, model=model, batch=batch)
    return found.reviewable_by(reader).order_by("video", "pk")


def queue_of(
    study: Study, videos: QuerySet[Video], *, reader: User, model: str, batch: Batch | None
) -> Queue:
    """How far somebody is with the model's scripts."""
    own = ScriptReview.objects.filter(reviewer=reader).values("script")
    return Queue(
        model=model,
        batch=batch,
        n_left=waiting(study, videos, reader=reader, model=model, batch=batch).count(),
        n_own=_of_queue(study, videos, model=model, batch=batch).filter(pk__in=own).count(),
    )


def _of_queue(study: Study, videos: QuerySet[Video], *, model: str, batch: Batch | None) -> ScriptQuerySet:
    found = scripts_of(study, videos).newest().filter(model=model)
    return found.filter(video__batch=batch) if batch else found
