"""Gemini's batch delivery: requests as lines of a file, answers within a day, for half the price."""

import contextlib
import json
import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from google import genai
from google.genai import types

from models_app.clients.base import (
    BatchState,
    BatchStatus,
    Clip,
    DownError,
    ProviderError,
    RefusedRequestError,
    Reply,
    Request,
)
from models_app.clients.gemini_errors import error_of_status, reply_of, short, told_in_our_words
from models_app.clients.gemini_files import Clock, Uploads, is_spent
from models_app.clients.gemini_requests import http_options, line_of, part_of_file

log = logging.getLogger(__name__)
UPLOADS_AT_ONCE = 8
PAGE = 100  # jobs or files in one listing, the most there can be
DONE = frozenset({"JOB_STATE_SUCCEEDED", "JOB_STATE_PARTIALLY_SUCCEEDED"})
FAILED = frozenset({"JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED"})


class Batches:
    """Jobs of one client. What is uploaded for a job bears its label, and goes when the job has ended."""

    def __init__(self, sdk: genai.Client, uploads: Uploads) -> None:
        self._sdk = sdk
        self._uploads = uploads

    def submit(self, requests: Mapping[str, Request], *, label: str, timeout: float) -> str:
        """Upload the clips and the requests, then make the job."""
        models = {request.model for request in requests.values()}
        if len(models) != 1:
            raise RefusedRequestError("bad-batch", "A batch of Gemini needs requests, all to one model.")
        media = self._upload_clips(_clips_of(requests.values()), label=label, timeout=timeout)
        with tempfile.TemporaryFile() as lines:
            for key, request in requests.items():
                line = {"key": key, "request": line_of(request, media)}
                lines.write(json.dumps(line).encode() + b"\n")
            lines.seek(0)
            file = self._uploads.upload(lines, mime_type="jsonl", label=label, clock=Clock(timeout))
        file = self._uploads.wait_for(file, Clock(timeout))
        with told_in_our_words(files=True):
            job = self._sdk.batches.create(
                model=models.pop(),
                src=file.name or "",
                config=types.CreateBatchJobConfig(display_name=label, http_options=http_options(timeout)),
            )
        if not job.name:
            raise DownError("garbled", "Gemini took the batch, but did not say under which name.")
        return job.name

    def find(self, label: str, *, timeout: float) -> str | None:
        """The newest job under this label that has not failed, else the newest one."""
        clock, found = Clock(timeout), None
        with told_in_our_words():
            for job in self._jobs(clock):
                if job.display_name == label and job.name:
                    if _word(job.state) not in FAILED:
                        return job.name
                    found = found or job.name
        return found

    def look(self, name: str, *, timeout: float) -> BatchStatus:
        """How far the job is; with all its replies once it is done."""
        with told_in_our_words():
            job = self._sdk.batches.get(
                name=name, config=types.GetBatchJobConfig(http_options=http_options(timeout))
            )
        state = _word(job.state)
        if state in FAILED:
            why = f": {short(job.error.message)}" if job.error and job.error.message else "."
            status = BatchStatus(BatchState.FAILED, f"Gemini ended the batch ({state}){why}")
        elif state in DONE:
            status = BatchStatus(BatchState.DONE, replies=self._replies(job, timeout=timeout))
        else:
            return BatchStatus(BatchState.PENDING)
        self._tidy(job.display_name, timeout=timeout)
        return status

    def cancel(self, name: str, *, timeout: float) -> None:
        """Stop a job; no error if it has ended, or is known no more."""
        try:
            with told_in_our_words():
                self._sdk.batches.cancel(
                    name=name, config=types.CancelBatchJobConfig(http_options=http_options(timeout))
                )
        except RefusedRequestError:
            return

    def _upload_clips(
        self, clips: Mapping[str, Clip], *, label: str, timeout: float
    ) -> dict[str, types.Part]:
        """The parts that name the clips, by hash. They are this job's: a client that closes leaves them.

        What an attempt before this one has uploaded, in this worker or in one that was killed, is used.
        """
        known = {file.display_name: file for file in self._files_of(label, timeout=timeout)} if clips else {}

        def uploaded(clip: Clip) -> types.Part:
            file = known.get(name := f"{label} {clip.sha256}")
            if file is None or is_spent(file) or file.state is types.FileState.FAILED:
                file = self._uploads.upload_clip(clip, label=name, clock=Clock(timeout))
            return part_of_file(self._uploads.wait_for(file, Clock(timeout)), clip)

        with ThreadPoolExecutor(UPLOADS_AT_ONCE) as threads:
            futures = {sha256: threads.submit(uploaded, clip) for sha256, clip in clips.items()}
            try:
                return {sha256: future.result() for sha256, future in futures.items()}
            except ProviderError:
                threads.shutdown(cancel_futures=True)
                raise

    def _jobs(self, clock: Clock) -> Iterator[types.BatchJob]:
        """All jobs of the account, newest first."""
        config = types.ListBatchJobsConfig(page_size=PAGE, http_options=http_options(clock.left()))
        for job in self._sdk.batches.list(config=config):
            clock.left()
            yield job

    def _replies(self, job: types.BatchJob, *, timeout: float) -> dict[str, Reply | ProviderError]:
        name = job.dest.file_name if job.dest else None
        if not name:
            raise DownError("garbled", "Gemini says that the batch is done, but not where its answers are.")
        with told_in_our_words():
            content = self._sdk.files.download(
                file=name, config=types.DownloadFileConfig(http_options=http_options(timeout))
            )
        return _replies_in([line for line in content.splitlines() if line.strip()])

    def _files_of(self, label: str, *, timeout: float) -> list[types.File]:
        """What was uploaded for a job; never its answers."""
        config = types.ListFilesConfig(page_size=PAGE, http_options=http_options(timeout))
        with told_in_our_words():
            return [
                file
                for file in self._sdk.files.list(config=config)
                if (file.display_name == label or (file.display_name or "").startswith(f"{label} "))
                and file.source is not types.FileSource.GENERATED
            ]

    def _tidy(self, label: str | None, *, timeout: float) -> None:
        """Delete what was uploaded for a job; whatever stays expires by itself within two days."""
        if not label:
            return
        clock = Clock(timeout)
        with contextlib.suppress(ProviderError):
            for file in self._files_of(label, timeout=timeout):
                self._uploads.delete(file, timeout=clock.left())


def _clips_of(requests: Iterable[Request]) -> dict[str, Clip]:
    """Each clip once, by its hash."""
    return {part.sha256: part for request in requests for part in request.parts if isinstance(part, Clip)}


def _replies_in(lines: list[bytes]) -> dict[str, Reply | ProviderError]:
    """What became of each request; a line that cannot be read hides no other one."""
    replies: dict[str, Reply | ProviderError] = {}
    for line in lines:
        try:
            answer = json.loads(line.decode(errors="replace"))
        except json.JSONDecodeError:
            if line is lines[-1]:  # asked for again, they may come whole
                raise DownError("garbled", "Gemini's answers to the batch have come in part.") from None
            answer = None
        if isinstance(answer, dict) and "key" in answer:
            replies[str(answer["key"])] = _reply(answer)
        else:
            log.warning("A line in Gemini's answers to a batch is none: its request counts as not answered")
    return replies


def _reply(answer: Mapping[str, Any]) -> Reply | ProviderError:
    """What became of one request of a batch."""
    try:
        with told_in_our_words():
            error = answer.get("error") or answer.get("status")
            return error_of_status(error) if error else reply_of(answer["response"])
    except ProviderError as failure:
        return failure


def _word(state: Any) -> str:
    return str(getattr(state, "value", state) or "")
