"""What becomes of the text that was made of a video when it goes: scripts, and what models said."""

from annotator.models import Video
from models_app.models import Exchange, ItemKind, Prediction, RunItem, RunShot, Script


def delete_scripts(video: Video) -> None:
    """Delete a withdrawn video's scripts; runs that read them keep their predictions.

    Whoever is making one meanwhile waits for the lock on the video, and then stores none (engine.storing).
    """
    Script.objects.filter(video=video).delete()


def empty_exchanges(video: Video) -> None:
    """Forget what models were told of a withdrawn video and what they answered; what it cost stays.

    Where it was an example, its script stands in the messages about other videos. An answer under way waits
    for the lock on the video, and then is not kept, or kept without its message (engine.exchanges).
    """
    Exchange.objects.filter(video=video).update(message="", answer="", reason="", key=None)
    shown = RunShot.objects.filter(video=video).values("run")
    Exchange.objects.filter(run__in=shown).update(message="")


def empty_remarks(video: Video) -> None:
    """Forget why models gave a withdrawn video its labels and what was noted where they failed.

    The labels stay, as the people's do; an answer under way is refused (engine.storing).
    """
    Prediction.objects.filter(video=video).update(reason="", evidence_ms=None)
    RunItem.objects.filter(kind=ItemKind.VIDEO, key=video.pk).update(error="", error_detail="")
