"""A provider that takes batches, in memory; each call can be made to raise."""

import itertools

from models_app.clients.base import BatchState, BatchStatus, ProviderError, RefusedRequestError
from tests.models_app.fakes import FakeClient, an_answer


class FakeBatchClient(FakeClient):
    """Jobs stay pending until `finish`; `answer` says what comes of each request, or raises it."""

    def __init__(self, answer=None):
        super().__init__(answer)
        self.jobs = {}  # name → (label, requests)
        self.ended = {}  # name → BatchStatus
        self.cancelled = []
        self.before = {}  # "submit", "find", "look", "cancel" → what is called first, and may raise
        self.after_submit = lambda: None
        self._numbers = itertools.count(1)

    def submit(self, requests, *, label, timeout):
        self.before.get("submit", lambda: None)()
        if len({request.model for request in requests.values()}) != 1:
            raise RefusedRequestError("bad-batch", "A batch needs requests, all to one model.")
        name = f"batches/{next(self._numbers)}"
        self.jobs[name] = (label, dict(requests))
        self.after_submit()
        return name

    def find(self, label, *, timeout):
        self.before.get("find", lambda: None)()
        return next((name for name, (known, _requests) in self.jobs.items() if known == label), None)

    def look(self, name, *, timeout):
        self.before.get("look", lambda: None)()
        return self.ended.get(name, BatchStatus(BatchState.PENDING))

    def cancel(self, name, *, timeout):
        self.before.get("cancel", lambda: None)()
        self.cancelled.append(name)
        self.ended.setdefault(name, BatchStatus(BatchState.FAILED, "It was cancelled."))

    def finish(self, **changed):
        """Every job is done; `changed` are replies by key in place of the answers."""
        for name, (_label, requests) in self.jobs.items():
            replies = {key: changed.get(f"k{key}", self._reply(request)) for key, request in requests.items()}
            self.ended.setdefault(name, BatchStatus(BatchState.DONE, replies=replies))

    def fail(self, message="It expired."):
        """Every job that has not ended has failed."""
        for name in self.jobs:
            self.ended.setdefault(name, BatchStatus(BatchState.FAILED, message))

    def _reply(self, request):
        try:
            return self.answer(request) if self.answer else an_answer()
        except ProviderError as error:
            return error

    @property
    def n_requests(self):
        """Handed in so far."""
        return sum(len(requests) for _label, requests in self.jobs.values())
