"""One piece of work in a thread beside the caller's, who goes on and takes the result at the end."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

from models_app.pipelines.base import Interrupted

T = TypeVar("T")


class Aside(Generic[T]):
    """Runs ``work(progress)`` in a thread; leaving the block stops it and waits until it is gone.

    Only the caller's thread talks to the outside (a beat may use the database), so ``progress`` just keeps
    the number, and raises in the thread once it is to stop.
    """

    def __init__(self, work: Callable[[Callable[[float], None]], T]) -> None:
        self._work = work
        self._stop, self._over = threading.Event(), threading.Event()
        self._result: T | None = None
        self._error: BaseException | None = None
        self.done = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def result(self, *, beat: Callable[[], None], every: float = 0.5) -> T:
        """What the work gave, or its error; ``beat`` is called while it lasts."""
        while not self._over.wait(every):
            beat()
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]

    def _progress(self, done: float) -> None:
        self.done = max(self.done, done)
        if self._stop.is_set():
            raise Interrupted

    def _run(self) -> None:
        try:
            self._result = self._work(self._progress)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._error = error
        finally:
            self._over.set()
