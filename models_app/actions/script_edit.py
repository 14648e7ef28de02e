"""Scripts edited by hand: each edit is a script of its own, and the one before stays as it was."""

import hashlib

from django.db import transaction
from django.utils.translation import gettext as _

from annotator.errors import RefusedError
from annotator.locks import locked
from annotator.models import Change, User, Video
from models_app.actions.script_segments import carried_segments
from models_app.models import Script, ScriptOrigin

LONGEST = 131_072  # characters, as of an imported script


class StaleEditError(RefusedError):
    """Somebody has made a newer version meanwhile; neither text is lost."""

    def __init__(self, newest: Script) -> None:
        self.newest = newest
        super().__init__(
            _("this is no longer the newest version: another was made meanwhile. Nothing was saved yet.")
        )


@transaction.atomic
def edit_script(*, script: Script, text: str, by: User) -> Script:
    """Keep an edited text as a new version; where nothing was changed, the version that there is.

    StaleEditError where the script is not the newest of its model any more.
    """
    video = locked(Video.objects.filter(pk=script.video_id)).select_related("study").get()
    if video.withdrawn_at:
        raise RefusedError(_("the video was withdrawn."))
    text, before = plain(text), plain(script.text)
    if text.rstrip() == before.rstrip():
        return script
    newest = Script.objects.filter(video=video, model=script.model).order_by("-pk")[0]
    if newest.pk != script.pk:
        raise StaleEditError(newest)
    if not text.strip():
        raise RefusedError(_("a script cannot be without words."))
    if len(text) > LONGEST:
        raise RefusedError(
            _("the text is too long: %(n)d characters, at most %(most)d.") % {"n": len(text), "most": LONGEST}
        )
    edit = Script.objects.create(
        video=video,
        origin=ScriptOrigin.EDIT,
        parent=script,
        model=script.model,
        text=text,
        segments=carried_segments(before=before, segments=script.segments or [], after=text),
        facts=script.facts,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        created_by=by,
    )
    Change.objects.record(
        study=video.study,
        by=by,
        what="script.edited",
        video=video,
        before={"version": script.pk, "characters": len(before)},
        after={"version": edit.pk, "characters": len(text), "model": script.model},
    )
    return edit


def plain(text: str) -> str:
    """The text with the ends of lines that we keep: a browser sends others."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
