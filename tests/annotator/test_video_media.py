import errno
import os
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotator.actions import videos as actions
from annotator.actions.videos import DuplicateMediaError, SameMediaError, store_media, withdraw_video
from annotator.errors import RefusedError
from annotator.media import storage
from annotator.media.errors import MediaError, StorageError
from annotator.media.storage import local_path, name_of, staged
from annotator.models import Change, Role, Slot, Video
from tests.factories import make_coding, make_member, make_study, make_user, make_video
from tests.media_files import make_clip

pytestmark = pytest.mark.django_db


@pytest.fixture
def clip(tmp_path) -> Path:
    return make_clip(tmp_path / "clip.mp4", seconds=1, size=(64, 64))


@pytest.fixture
def study():
    return make_study("s")


def files_kept(settings) -> list[str]:
    root = Path(settings.MEDIA_ROOT)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def media_url(video: Video, what: str = "media") -> str:
    return reverse(f"annotator:video_{what}", args=[video.study.slug, video.pk])


@pytest.fixture
def stored(study, clip) -> Video:
    video = make_video(study)
    store_media(video=video, path=clip)
    video.refresh_from_db()
    return video


# --- storing ------------------------------------------------------------------------------


def test_media_are_kept_under_their_hash(stored, clip, settings):
    sha = stored.sha256
    assert stored.media.name == f"{sha[:2]}/{sha[2:4]}/{sha}.mp4"
    assert files_kept(settings) == sorted([stored.media.name, stored.thumbnail.name])
    assert Path(default_storage.path(stored.media.name)).read_bytes() == clip.read_bytes()
    assert stored.has_sound is True
    assert stored.size == clip.stat().st_size
    assert clip.exists(), "the source is copied, not moved"
    change = Change.objects.get(video=stored)
    assert (change.what, change.after["sha256"]) == ("video.media-stored", sha)


def test_same_content_for_another_video_is_a_duplicate(stored, clip, settings):
    other = make_video(stored.study)
    before = files_kept(settings)
    with pytest.raises(DuplicateMediaError, match=f"duplicate of video {stored.external_id}"):
        store_media(video=other, path=clip)
    with pytest.raises(SameMediaError):
        store_media(video=stored, path=clip)
    assert files_kept(settings) == before


def test_same_content_in_another_study_is_kept_once(stored, clip, settings):
    other = make_video(make_study())
    store_media(video=other, path=clip)
    assert len(files_kept(settings)) == 2


def test_other_media_replace_only_when_asked(stored, tmp_path, settings):
    new = make_clip(tmp_path / "new.mp4", seconds=2, size=(64, 64))
    with pytest.raises(MediaError, match="has other media already"):
        store_media(video=stored, path=new)
    store_media(video=stored, path=new, replace=True)
    stored.refresh_from_db()
    assert files_kept(settings) == sorted([stored.media.name, stored.thumbnail.name])
    assert Change.objects.filter(what="video.media-replaced").count() == 1


def test_file_over_the_limit_is_refused_and_leaves_nothing(study, clip, settings):
    settings.MAX_VIDEO_BYTES = 1024
    with pytest.raises(MediaError, match="larger than the limit"):
        store_media(video=make_video(study), path=clip)
    assert files_kept(settings) == []


class FullDisk:
    """Writing fails after the first bytes, as on a full disk."""

    def __init__(self, file):
        self.file, self.n = file, 0

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.file.close()

    def __getattr__(self, name):
        return getattr(self.file, name)

    def write(self, data):
        self.file.write(data[:100])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_full_disk_keeps_nothing_and_says_so(study, clip, settings, monkeypatch):
    whole = Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda self, mode="r", *a: FullDisk(whole(self, mode, *a)) if "x" in mode else whole(self, mode, *a),
    )
    video = make_video(study)
    with pytest.raises(StorageError, match="the disk is full; nothing of this file was kept"):
        store_media(video=video, path=clip)
    video.refresh_from_db()
    assert not video.media
    assert files_kept(settings) == []


def test_full_disk_at_the_thumbnail_keeps_nothing(study, clip, settings, monkeypatch):
    def no_space(self, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", no_space)
    with pytest.raises(StorageError, match="disk is full"):
        store_media(video=make_video(study), path=clip)
    assert files_kept(settings) == []


def test_files_go_when_the_transaction_fails(study, clip, settings, monkeypatch):
    def fail(**_kwargs):
        raise RuntimeError("the database went away")

    monkeypatch.setattr(actions.Change.objects, "record", fail)
    video = make_video(study)
    with pytest.raises(RuntimeError):
        store_media(video=video, path=clip)
    assert files_kept(settings) == []
    video.refresh_from_db()
    assert not video.media


def test_files_of_another_study_stay_when_a_transaction_fails(stored, clip, settings, monkeypatch):
    before = files_kept(settings)
    monkeypatch.setattr(actions.Change.objects, "record", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store_media(video=make_video(make_study()), path=clip)
    assert files_kept(settings) == before


def test_storage_without_paths_works_too(study, clip, settings, monkeypatch):
    """S3 and its like have no paths: the file is saved whole, and fetched for whoever needs a path."""
    from django.core.files.storage import FileSystemStorage

    real = FileSystemStorage.path

    def no_path(self, name):
        if name in ("x", storage.STAGING):
            raise NotImplementedError
        return real(self, name)

    monkeypatch.setattr(FileSystemStorage, "path", no_path)
    video = make_video(study)
    store_media(video=video, path=clip)
    video.refresh_from_db()
    with local_path(video) as path:
        assert path.read_bytes() == clip.read_bytes()
        assert not str(path).startswith(str(settings.MEDIA_ROOT))
    assert not path.exists()


def test_local_path_is_the_stored_file(stored):
    with local_path(stored) as path:
        assert path == Path(default_storage.path(stored.media.name))


def test_local_path_of_a_link_is_refused(study):
    with pytest.raises(MediaError, match="holds no copy"), local_path(make_video(study)):
        pass


def test_staged_copy_goes_when_its_block_ends(clip, settings):
    with staged(clip) as copy:
        assert copy.path.exists()
        assert copy.size == clip.stat().st_size
        assert name_of(copy.sha256, "mp4").endswith(".mp4")
    assert files_kept(settings) == []


# --- withdrawing --------------------------------------------------------------------------


def test_withdrawal_deletes_the_media_and_keeps_that_it_was_there(
    stored, settings, django_capture_on_commit_callbacks
):
    researcher = make_member(stored.study, Role.RESEARCHER)
    Video.objects.filter(pk=stored.pk).update(caption="me and my kid", hashtags=["a"], counts={"likes": 3})
    coding = make_coding(stored, make_member(stored.study, Role.ANNOTATOR))
    with django_capture_on_commit_callbacks(execute=True):
        withdraw_video(video=stored, because="asked by the creator", by=researcher)
    stored.refresh_from_db()
    assert files_kept(settings) == []
    assert (stored.media.name, stored.thumbnail.name, stored.caption) == ("", "", "")
    assert (stored.hashtags, stored.counts) == ([], {})
    assert stored.withdrawn_because == "asked by the creator"
    assert not Slot.objects.filter(video=stored, is_open=True).exists()
    assert coding.judgements.count() == 19
    change = Change.objects.filter(video=stored).latest("pk")
    assert (change.what, change.by) == ("video.withdrawn", researcher)
    assert change.after == {"because": "asked by the creator", "codings_kept": 1}


def test_withdrawal_keeps_content_that_another_study_holds(
    stored, clip, settings, django_capture_on_commit_callbacks
):
    other = make_video(make_study())
    store_media(video=other, path=clip)
    with django_capture_on_commit_callbacks(execute=True):
        withdraw_video(video=stored, because="gone", by=None)
    other.refresh_from_db()
    assert files_kept(settings) == sorted([other.media.name, other.thumbnail.name])


def test_withdrawn_content_is_not_taken_back(stored, clip, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        withdraw_video(video=stored, because="gone", by=None)
    with pytest.raises(MediaError, match="withdrawn"):
        store_media(video=stored, path=clip)
    with pytest.raises(DuplicateMediaError, match="which was withdrawn"):
        store_media(video=make_video(stored.study), path=clip)


def test_withdrawal_needs_a_reason_and_happens_once(stored, django_capture_on_commit_callbacks):
    with pytest.raises(RefusedError, match="Say why"):
        withdraw_video(video=stored, because="  ", by=None)
    withdraw_video(video=stored, because="gone", by=None)
    with pytest.raises(RefusedError, match="already"):
        withdraw_video(video=stored, because="again", by=None)


# --- serving ------------------------------------------------------------------------------


@pytest.fixture
def member(client, stored):
    client.force_login(make_member(stored.study, Role.ANNOTATOR))
    return client


def body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_media_are_whole_without_a_range(member, stored, clip):
    response = member.get(media_url(stored))
    assert response.status_code == 200
    assert body(response) == clip.read_bytes()
    assert response["Content-Length"] == str(clip.stat().st_size)
    assert response["Content-Type"] == "video/mp4"
    assert response["Accept-Ranges"] == "bytes"
    assert response["ETag"] == f'"{stored.sha256}"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "private" in response["Cache-Control"]


@pytest.mark.parametrize(
    ("header", "start", "end"), [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None)]
)
def test_range_is_served(member, stored, clip, header, start, end):
    response = member.get(media_url(stored), headers={"Range": header})
    whole = clip.read_bytes()
    assert response.status_code == 206
    assert response.content == whole[start:end]
    first = len(whole) + start if start < 0 else start
    assert response["Content-Range"] == f"bytes {first}-{first + len(response.content) - 1}/{len(whole)}"
    assert response["Content-Length"] == str(len(response.content))


def test_long_range_is_cut_at_one_megabyte(member, stored):
    path = Path(default_storage.path(stored.media.name))
    path.write_bytes(bytes(3 * 1024**2))
    response = member.get(media_url(stored), headers={"Range": "bytes=0-"})
    assert response.status_code == 206
    assert len(response.content) == 1024**2
    assert response["Content-Range"] == f"bytes 0-{1024**2 - 1}/{3 * 1024**2}"


def test_range_beyond_the_end_is_416(member, stored, clip):
    response = member.get(media_url(stored), headers={"Range": "bytes=99999999-"})
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{clip.stat().st_size}"


def test_if_range_of_other_content_sends_the_whole(member, stored):
    url = media_url(stored)
    same = member.get(url, headers={"Range": "bytes=0-9", "If-Range": f'"{stored.sha256}"'})
    other = member.get(url, headers={"Range": "bytes=0-9", "If-Range": '"else"'})
    weak = member.get(url, headers={"Range": "bytes=0-9", "If-Range": f'W/"{stored.sha256}"'})
    assert (same.status_code, other.status_code, weak.status_code) == (206, 200, 200)


def test_known_content_is_not_sent_again(member, stored):
    url = media_url(stored)
    assert member.get(url, headers={"If-None-Match": f'"{stored.sha256}"'}).status_code == 304
    assert member.get(url, headers={"If-None-Match": f'"x", W/"{stored.sha256}"'}).status_code == 304
    assert member.get(url, headers={"If-None-Match": '"x"'}).status_code == 200


def test_head_has_the_headers_and_no_body(member, stored, clip):
    response = member.head(media_url(stored), headers={"Range": "bytes=0-9"})
    assert (response.status_code, response.content) == (200, b"")
    assert response["Content-Length"] == str(clip.stat().st_size)


def test_thumbnail_is_served(member, stored):
    response = member.get(media_url(stored, "thumbnail"))
    assert (response.status_code, response["Content-Type"]) == (200, "image/webp")
    assert response.content.startswith(b"RIFF")
    assert (
        member.get(media_url(stored, "thumbnail"), headers={"If-None-Match": response["ETag"]}).status_code
        == 304
    )


@pytest.mark.parametrize("what", ["media", "thumbnail"])
def test_media_are_for_members_only(client, stored, what):
    url = media_url(stored, what)
    assert client.get(url).status_code == 302
    client.force_login(make_user())
    assert client.get(url).status_code == 404
    elsewhere = make_study("elsewhere")
    client.force_login(make_member(elsewhere, Role.RESEARCHER))
    assert client.get(url.replace("/s/s/", "/s/elsewhere/")).status_code == 404


@pytest.mark.parametrize("what", ["media", "thumbnail"])
def test_withdrawn_media_are_gone(member, stored, what, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        withdraw_video(video=stored, because="gone", by=None)
    response = member.get(media_url(stored, what))
    assert response.status_code == 410
    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("what", ["media", "thumbnail"])
def test_media_that_are_not_there_are_404(member, stored, what):
    assert member.get(media_url(make_video(stored.study), what)).status_code == 404
    for name in (stored.media.name, stored.thumbnail.name):
        default_storage.delete(name)
    assert member.get(media_url(stored, what)).status_code == 404


def test_media_are_not_posted_to(member, stored):
    assert member.post(media_url(stored)).status_code == 405


def test_whole_media_flow_without_the_database(member, stored, django_assert_num_queries):
    response = member.get(media_url(stored))
    with django_assert_num_queries(0):
        body(response)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=50))
def test_any_range_header_is_answered(member, stored, clip, header):
    response = member.get(media_url(stored), headers={"Range": header})
    assert response.status_code in (200, 206, 416)
    if response.status_code == 206:
        assert response.content in clip.read_bytes()
