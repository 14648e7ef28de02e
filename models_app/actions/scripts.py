"""Scripts as a whole: what becomes of them when their video goes."""

from annotator.models import Video
from models_app.models import Script


def delete_scripts(video: Video) -> None:
    """Delete a withdrawn video's scripts; runs that read them keep their predictions.

    Whoever is making one meanwhile waits for the lock on the video, and then stores none (engine.storing).
    """
    Script.objects.filter(video=video).delete()
