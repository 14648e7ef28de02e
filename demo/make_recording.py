"""Record what `local-script` makes of the demo's clips, so that the demo need not wait minutes for it.

    python demo/make_recording.py [--only ID]

Needs `make install-models`. Run it again when the clips or the pipeline change; tests compare.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from models_app.pipelines.base import VideoInput  # noqa: E402
from models_app.pipelines.local_script import LocalScript  # noqa: E402
from models_app.specs import LocalScriptSettings  # noqa: E402

RECORDING = HERE / "recorded" / "local-script.jsonl"


def recorded(maker: LocalScript, clip: Path) -> dict[str, object]:
    """One line of the recording: what the clip is told by, and its script."""
    begun = time.monotonic()
    draft = maker.make(VideoInput(video_id=0, path=clip), beat=lambda _done: None)
    return {
        "video_id": clip.stem,
        "media_sha256": hashlib.sha256(clip.read_bytes()).hexdigest(),
        "text": draft.text,
        "segments": [asdict(segment) for segment in draft.segments],
        "facts": draft.facts,
        "recorded_on": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "seconds": round(time.monotonic() - begun, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", metavar="ID", help="print one clip's line, write nothing")
    only = parser.parse_args().only
    maker = LocalScript(LocalScriptSettings())
    clips = sorted((HERE / "clips").glob(f"{only or '*'}.mp4"))
    lines = []
    for clip in clips:
        lines.append(json.dumps(recorded(maker, clip), ensure_ascii=False))
        print(lines[-1] if only else f"{clip.stem}: {len(lines)} of {len(clips)}")
    if not only:
        RECORDING.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
