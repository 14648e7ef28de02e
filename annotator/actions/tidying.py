"""What is put in order from time to time, whoever is looking."""

from datetime import timedelta

from django.utils import timezone

from annotator.actions.assignment import expire_slots
from annotator.models import Mutation, Study

# A browser that was offline longer than this gets a conflict shown instead of a repeated answer.
MUTATIONS_KEPT = timedelta(days=60)


def tidy() -> dict[str, int]:
    """Return untouched slots to the pool and forget old outbox receipts; how many of each."""
    n_slots = sum(expire_slots(study=study) for study in Study.objects.all())
    n_mutations, _by_model = Mutation.objects.filter(at__lt=timezone.now() - MUTATIONS_KEPT).delete()
    return {"slots": n_slots, "mutations": n_mutations}
