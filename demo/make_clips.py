"""Make the demo's clips and their lists from the stories in this folder.

    python demo/make_clips.py [--only ID] [--out DIR] [--kokoro DIR] [--font FILE]

Needs demo/requirements.txt, espeak-ng and a font (see demo/README.md).
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from demo.scenes import film, lettering  # noqa: E402
from demo.scenes.script import master_scene  # noqa: E402
from demo.stories import CLIPS  # noqa: E402


def metadata(clip: film.Clip) -> dict[str, object]:
    """The clip's line in videos.jsonl, as import_videos reads it."""
    creator = clip.creator
    likes, comments, shares, views = clip.counts
    return {
        "video_id": clip.id,
        "url": f"https://example.com/@{creator.handle}/video/{clip.id}",
        "creator": creator.handle,
        "creator_name": creator.name,
        "creator_genre": creator.genre,
        "genre": creator.genre,
        "caption": " ".join([clip.post, *(f"#{tag}" for tag in clip.hashtags)]),
        "hashtags": list(clip.hashtags),
        "likes": likes,
        "comments": comments,
        "shares": shares,
        "views": views,
        "is_pinned": clip.is_pinned,
        "posted_at": clip.posted_at,
        "file": f"clips/{clip.id}.mp4",
        "sound": clip.audio in ("full", "music"),
        "nominated_by": creator.nominated_by,
        "verified_by": creator.verified_by,
        "is_minor": creator.is_minor,
    }


def write_lists(out: Path) -> None:
    """videos.jsonl, scripts.jsonl and truth.csv, all from the stories."""
    rows = {
        "videos.jsonl": [metadata(clip) for clip in CLIPS],
        "scripts.jsonl": [{"video_id": clip.id, "text": master_scene(clip)} for clip in CLIPS],
    }
    for name, lines in rows.items():
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (out / name).write_text(text, encoding="utf-8")
    with (out / "truth.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["video_id", "value", "stance"])
        for clip in CLIPS:
            writer.writerows([clip.id, value, stance] for value, stance in clip.truth.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", metavar="ID", action="append", help="a clip's id or slug; may be repeated")
    parser.add_argument(
        "--out", type=Path, default=HERE, help="where clips/ and the lists go (default: demo/)"
    )
    parser.add_argument("--kokoro", type=Path, help="folder with Kokoro's model; without it espeak-ng speaks")
    parser.add_argument(
        "--font", type=Path, help="a bold font file with Latin and Hebrew (default: by fontconfig)"
    )
    parser.add_argument("--cache", type=Path, help="keep spoken lines here between runs")
    parser.add_argument("--stills", type=Path, help="write one picture per second here instead of clips")
    parser.add_argument("--lists-only", action="store_true", help="write the lists and leave the clips alone")
    options = parser.parse_args()
    if options.font:
        lettering.use_font(options.font)
    wanted = [c for c in CLIPS if not options.only or {c.id, c.slug} & set(options.only)]
    if not wanted:
        raise SystemExit(f"no clip {', '.join(options.only)}; known: {', '.join(c.slug for c in CLIPS)}")
    (options.out / "clips").mkdir(parents=True, exist_ok=True)
    if not options.stills:
        write_lists(options.out)
    for clip in [] if options.lists_only else wanted:
        shots = film.timeline(clip, kokoro=options.kokoro, cache=options.cache)
        if options.stills:
            stills(clip, shots, options.stills)
            continue
        path = options.out / "clips" / f"{clip.id}.mp4"
        film.encode(path, clip, shots)
        seconds = shots[-1].start + shots[-1].length
        print(
            f"{clip.id}  {clip.creator.handle:18} {clip.slug:18} {seconds:5.1f} s {path.stat().st_size / 1e3:6.0f} kB"
        )


def stills(clip: film.Clip, shots: list[film.Timed], folder: Path) -> None:
    """A contact sheet: the clip at every second and a half, side by side."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    pictures = [Image.fromarray(a[..., :3]).resize((270, 480)) for a in film.frames(clip, shots, every=37)]
    sheet = Image.new("RGB", (272 * len(pictures), 480), "white")
    for i, picture in enumerate(pictures):
        sheet.paste(picture, (i * 272, 0))
    sheet.save(folder / f"{clip.slug}.png")


if __name__ == "__main__":
    main()
