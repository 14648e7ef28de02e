"""A language model in the worker itself: what many threads ask at the same time is generated together.

An answer to the same request may differ with what it was generated beside: batches are padded, and sums of
rounded numbers depend on their order. With a temperature of 0 that matters where two tokens are as likely.
No schema binds the answer; the prompt asks for JSON.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from models_app.clients.base import (
    ClientName,
    DeniedError,
    DownError,
    Finish,
    ProviderError,
    RefusedRequestError,
    Reply,
    Request,
    Text,
    Usage,
)
from models_app.clients.local_drawing import Prompt
from models_app.clients.local_model import (
    Generated,
    LocalModel,
    NoMemoryError,
    first_line,
    free_memory,
    load,
)
from models_app.clients.servers import files_of

log = logging.getLogger(__name__)
MOST_TOGETHER = 16  # requests
GATHER_SECONDS = 0.05  # without another request, until those that came are begun
LONGEST_GATHERING = 0.5
REMEMBER_FAILURE = 120.0  # seconds until a model that could not be loaded is tried again
IDLE_SECONDS = 600.0  # without a question, until the memory is given back
CLOSING_SECONDS = 30.0


@dataclass(eq=False, slots=True)
class _Job:
    """A request, and whoever waits for its answer."""

    request: Request
    until: float
    ended: threading.Event = field(default_factory=threading.Event)
    reply: Reply | None = None
    error: ProviderError | None = None

    def is_dropped(self) -> bool:
        """Whether nobody waits any more."""
        return self.ended.is_set() or time.monotonic() > self.until

    def end(self, outcome: Reply | ProviderError) -> None:
        """Hand it over, once."""
        if not self.ended.is_set():
            self.reply = outcome if isinstance(outcome, Reply) else None
            self.error = outcome if isinstance(outcome, ProviderError) else None
            self.ended.set()


class Transformers:
    """The client. One thread loads and generates; one model is held at a time."""

    name = ClientName.TRANSFORMERS

    def __init__(
        self, *, most_together: int = MOST_TOGETHER, load_model: Callable[[str], LocalModel] = load
    ) -> None:
        self._most_together = most_together
        self._shelf = _Shelf(load_model)
        self._jobs: list[_Job] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closing = False

    def ask(self, request: Request, *, timeout: float) -> Reply:
        """One attempt; the model is loaded with the first, and whoever comes meanwhile waits for it."""
        if not all(isinstance(part, Text) for part in request.parts):
            raise RefusedRequestError("no-pictures", "A local model takes text alone, no videos or pictures.")
        job = _Job(request, time.monotonic() + timeout)
        with self._changed:
            self._jobs.append(job)
            if self._thread is None:
                self._is_closing = False
                self._thread = threading.Thread(target=self._work, name="local-model", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        if not job.ended.wait(timeout):
            job.end(self._late(request, timeout))
        if job.reply is None:
            raise job.error or DownError("failed", "The local model gave no answer.")
        return job.reply

    def close(self) -> None:
        """Give the memory back. What is under way is dropped."""
        with self._changed:
            thread, self._is_closing = self._thread, True
            for job in self._jobs:
                job.end(_stopping())
            self._changed.notify_all()
        if thread is not None:
            thread.join(CLOSING_SECONDS)

    def _late(self, request: Request, timeout: float) -> DownError:
        if self._shelf.loading == request.model:
            return DownError("loading", f"“{request.model}” is still being loaded after {timeout:g} seconds.")
        return DownError("timeout", f"“{request.model}” did not answer within {timeout:g} seconds.")

    # --- In the one thread -------------------------------------------------------------------

    def _work(self) -> None:
        while (jobs := self._next()) is not None:
            try:
                self._answer(jobs)
            except Exception as error:  # whatever it is, the thread goes on for the others
                log.exception("The local model failed")
                for job in jobs:
                    job.end(DownError("failed", f"The local model failed: {first_line(error)}"))

    def _next(self) -> list[_Job] | None:
        """What is generated next, all of one model; None once the client is closed."""
        with self._changed:
            while not self._jobs and not self._is_closing:
                if not self._changed.wait(IDLE_SECONDS):
                    self._shelf.clear()
            self._gather()
            self._jobs = [job for job in self._jobs if not job.is_dropped()]
            if self._is_closing:
                self._thread = None
                self._shelf.clear()
                return None
            model = self._jobs[0].request.model if self._jobs else ""
            taken = [job for job in self._jobs if job.request.model == model][: self._most_together]
            self._jobs = [job for job in self._jobs if job not in taken]
            return taken

    def _gather(self) -> None:
        """Wait for as long as more keep coming."""
        until = time.monotonic() + LONGEST_GATHERING
        n_jobs = 0
        while n_jobs < len(self._jobs) < self._most_together and not self._is_closing:
            n_jobs, left = len(self._jobs), until - time.monotonic()
            self._changed.wait_for(
                lambda seen=n_jobs: self._is_closing or len(self._jobs) > seen,  # type: ignore[misc]
                timeout=max(min(GATHER_SECONDS, left), 0),
            )

    def _answer(self, jobs: Sequence[_Job]) -> None:
        if not jobs:
            return
        try:
            model = self._shelf.take(jobs[0].request.model)
        except DeniedError as error:
            for job in jobs:
                job.end(DeniedError(error.code, str(error)))  # one each: threads raise them
            return
        asked: list[tuple[_Job, Prompt]] = []
        for job in jobs:
            try:
                asked.append((job, model.prompt_of(job.request, is_dropped=self._dropping(job))))
            except ProviderError as error:
                job.end(error)
        while asked := [(job, prompt) for job, prompt in asked if not prompt.is_dropped()]:
            batch, asked = asked[: self._shelf.most], asked[self._shelf.most :]
            if not self._generate(model, batch):
                asked = [*batch, *asked]
        for job in jobs:
            job.end(_stopping())  # those that were dropped on the way, if anybody still waits

    def _dropping(self, job: _Job) -> Callable[[], bool]:
        return lambda: self._is_closing or job.is_dropped()

    def _generate(self, model: LocalModel, batch: Sequence[tuple[_Job, Prompt]]) -> bool:
        """Whether the batch is done with; else it is to be tried again, smaller."""
        try:
            answers = model.answers([prompt for _job, prompt in batch])
        except NoMemoryError:
            answers = None
        if answers is not None:
            for (job, prompt), answer in zip(batch, answers, strict=True):
                if answer.finish is not Finish.OTHER:  # dropped half-way: no answer to be kept
                    job.end(_reply(model, prompt, answer))
            return True
        if len(batch) > 1:
            self._shelf.most = len(batch) // 2
            log.warning("%s: no memory for %d requests together", model.name, len(batch))
            return False
        (job, prompt), *_none = batch
        job.end(
            RefusedRequestError(
                "out-of-memory",
                f"The memory does not suffice for a prompt of {len(prompt.tokens)} tokens and an answer of up"
                f" to {prompt.most}. Set a lower max_output_tokens, or take a smaller model.",
            )
        )
        return True


class _Shelf:
    """The model that is held, and what is known of one that cannot be had; for the one thread."""

    def __init__(self, load_model: Callable[[str], LocalModel]) -> None:
        self.most = MOST_TOGETHER  # requests that the memory holds together
        self.loading = ""
        self._load = load_model
        self._model: LocalModel | None = None
        self._files = ""  # as they were when it was loaded
        self._failures: dict[str, tuple[float, str, str]] = {}  # until when, and what is said meanwhile

    def take(self, name: str) -> LocalModel:
        """The model, which replaces another, or what it was; DeniedError where it cannot be had."""
        files = files_of(name)
        if self._model is not None and (self._model.name, self._files) == (name, files):
            return self._model
        until, code, message = self._failures.get(name, (0.0, "", ""))
        if (left := until - time.monotonic()) > 0:
            raise DeniedError(code, f"{message} It is tried again in {left:.0f} seconds at the earliest.")
        self.clear()
        self.loading, begun = name, time.monotonic()
        try:
            self._model, self._files = self._load(name), files
        except DeniedError as error:
            self._failures[name] = time.monotonic() + REMEMBER_FAILURE, error.code, str(error)
            raise
        finally:
            self.loading = ""
        log.info("Loaded %s in %.1f s", name, time.monotonic() - begun)
        return self._model

    def clear(self) -> None:
        """Give the memory back."""
        self.most = MOST_TOGETHER
        if self._model is not None:
            self._model = None
            free_memory()


def _stopping() -> DownError:
    return DownError("closed", "The worker is stopping.")


def _reply(model: LocalModel, prompt: Prompt, answer: Generated) -> Reply:
    return Reply(answer.text, answer.finish, Usage(len(prompt.tokens), answer.n_tokens), model.name)
