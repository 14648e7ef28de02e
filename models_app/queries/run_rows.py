"""What the list of runs shows of each, read for one page in a few queries."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from models_app.models import ItemState, Run, RunItem, RunVideo


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run with how far its items are."""

    run: Run
    n_videos: int
    n_items: int
    n_done: int
    n_failed: int
    n_blocked: int = 0

    @property
    def n_ended(self) -> int:
        """Done, failed or blocked: what no longer waits."""
        return self.n_done + self.n_failed + self.n_blocked

    @property
    def batch(self) -> str:
        """The name of what narrowed the scope; empty for the whole study."""
        return str(self.run.scope.get("videos") or "")


def rows_of_runs(runs: Sequence[Run]) -> list[RunRow]:
    """Two queries, whatever the number of runs."""
    by_state: dict[int, dict[str, int]] = defaultdict(dict)
    counted = RunItem.objects.filter(run__in=runs).values_list("run", "state").annotate(n=Count("pk"))
    for run, state, n in counted:
        by_state[run][state] = n
    videos = dict(RunVideo.objects.filter(run__in=runs).order_by().values_list("run").annotate(n=Count("pk")))
    return [
        RunRow(
            run=run,
            n_videos=videos.get(run.pk, 0),
            n_items=sum(by_state[run.pk].values()),
            n_done=by_state[run.pk].get(ItemState.DONE, 0),
            n_failed=by_state[run.pk].get(ItemState.FAILED, 0),
            n_blocked=by_state[run.pk].get(ItemState.BLOCKED, 0),
        )
        for run in runs
    ]
