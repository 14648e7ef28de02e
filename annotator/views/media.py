"""Media and thumbnails, to members of the study only, in byte ranges so that players can seek.

Nothing of the database is used once the answer begins to flow: all that is needed is read before.
"""

from collections.abc import Iterator
from pathlib import Path

from django.core.files.storage import default_storage
from django.http import (
    Http404,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annotator.access import StudyRequest, study_view
from annotator.media.ranges import ByteRange, UnsatisfiableError, parse_range
from annotator.models import Study, Video

CHUNK = 64 * 1024
FIELDS = ("media", "thumbnail", "sha256", "content_type", "withdrawn_at", "external_id", "study_id")
# QuickTime files of today hold what browsers play; under their own name most refuse to try.
PLAYED_AS = {"video/quicktime": "video/mp4"}


@require_safe
@study_view()
def video_media(request: StudyRequest, study: Study, pk: int) -> HttpResponseBase:
    """The video itself."""
    video = get_object_or_404(Video.objects.filter(study=study).only(*FIELDS), pk=pk)
    if video.withdrawn_at:
        return _gone()
    name = video.media.name or ""
    size = _size(name)
    kind = PLAYED_AS.get(video.content_type, video.content_type) or "application/octet-stream"
    etag = f'"{video.sha256}"'
    if _is_known(request, etag):
        return _with_headers(HttpResponseNotModified(), etag=etag)
    wanted = None
    if request.method == "GET" and _may_resume(request, etag):
        try:
            wanted = parse_range(request.headers.get("Range"), size=size)
        except UnsatisfiableError:
            return _with_headers(
                HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"}), etag=etag
            )
    if wanted:
        response: HttpResponseBase = HttpResponse(_read(name, wanted), status=206, content_type=kind)
        response["Content-Range"] = f"bytes {wanted.start}-{wanted.end}/{size}"
        response["Content-Length"] = str(wanted.length)
    elif request.method == "HEAD":
        response = HttpResponse(content_type=kind)
        response["Content-Length"] = str(size)
    else:
        response = StreamingHttpResponse(_stream(name), content_type=kind)
        response["Content-Length"] = str(size)
    response["Content-Disposition"] = f'inline; filename="{Path(name).name}"'
    return _with_headers(response, etag=etag)


@require_safe
@study_view()
def video_thumbnail(request: StudyRequest, study: Study, pk: int) -> HttpResponseBase:
    """The small picture of a video."""
    video = get_object_or_404(Video.objects.filter(study=study).only(*FIELDS), pk=pk)
    if video.withdrawn_at:
        return _gone()
    name = video.thumbnail.name or ""
    size = _size(name)
    etag = f'"{video.sha256}-thumbnail"'
    if _is_known(request, etag):
        return _with_headers(HttpResponseNotModified(), etag=etag)
    data = b"" if request.method == "HEAD" else b"".join(_stream(name))
    response = HttpResponse(data, content_type="image/webp")
    response["Content-Length"] = str(size)
    return _with_headers(response, etag=etag)


def _gone() -> HttpResponse:
    return HttpResponse(
        _("This video was withdrawn."),
        status=410,
        content_type="text/plain; charset=utf-8",
        headers={"Cache-Control": "private, no-store"},
    )


def _size(name: str) -> int:
    if not name or not default_storage.exists(name):
        raise Http404(_("The study holds no copy of this video."))
    return default_storage.size(name)


def _is_known(request: StudyRequest, etag: str) -> bool:
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or any(tag.removeprefix("W/") == etag for tag in known)


def _may_resume(request: StudyRequest, etag: str) -> bool:
    """If-Range: a part makes sense only of the same content; compared strongly, dates are never known."""
    condition = request.headers.get("If-Range", "").strip()
    return not condition or condition == etag


def _with_headers(response: HttpResponseBase, *, etag: str) -> HttpResponseBase:
    response["ETag"] = etag
    response["Accept-Ranges"] = "bytes"
    response["X-Content-Type-Options"] = "nosniff"
    # Kept by the browser for seeking back and forth; never by a cache between; a withdrawal is seen soon.
    response["Cache-Control"] = "private, max-age=600"
    response["Vary"] = "Cookie"
    return response


def _read(name: str, part: ByteRange) -> bytes:
    with default_storage.open(name) as file:
        file.seek(part.start)
        data: bytes = file.read(part.length)
        return data


def _stream(name: str) -> Iterator[bytes]:
    with default_storage.open(name) as file:
        while chunk := file.read(CHUNK):
            yield chunk
