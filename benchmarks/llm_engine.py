"""What the engine adds to waiting for a provider: a run through the real client, against a server at hand.

The server, a process of its own, speaks OpenAI's protocol and answers after 200 ms. The ideal is that every
slot waits for an answer all the time: items × 0.2 s / requests in flight.

python benchmarks/llm_engine.py [--items 500] [--in-flight 16] [--database postgres://USER@HOST/NEW_NAME]
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

AIM = 1.3
SECONDS = 0.2  # that the server takes


def main() -> int:
    """Measure, or serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--in-flight", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", default="", help="an empty PostgreSQL database, instead of SQLite")
    parser.add_argument("--serve", type=int, default=0, metavar="PORT", help=argparse.SUPPRESS)
    parser.add_argument("--profile", action="store_true", help="say where one more run spends its time")
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.serve))
        return 0
    port = a_free_port()
    server = subprocess.Popen([sys.executable, __file__, "--serve", str(port)])
    try:
        with tempfile.TemporaryDirectory(prefix="axial-llm-") as folder:
            prepare(folder, port=port, database=options.database)
            return measure(options)
    finally:
        server.kill()
        server.wait()


# --- The server ----------------------------------------------------------------------------------


async def serve(port: int) -> None:
    """Answer every request after a while; nothing else may be slow here, so HTTP is read by hand."""
    server = await asyncio.start_server(converse, "127.0.0.1", port, limit=2**22)
    async with server:
        await server.serve_forever()


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, kept for as long as the client wants it."""
    body = json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-4o-mini-2024-07-18",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": json.dumps({"values": {}})},
                }
            ],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
        }
    ).encode()
    answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    await reader.readexactly(int(line.partition(b":")[2]))
            await asyncio.sleep(SECONDS)
            writer.write(answer + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def a_free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- The run -------------------------------------------------------------------------------------


def prepare(folder: str, *, port: int, database: str) -> None:
    """Django with a database of its own, and the server as its provider."""
    os.environ |= {
        "AXIAL_DATA_DIR": folder,
        "AXIAL_READ_DOTENV": "false",
        "AXIAL_LOG_LEVEL": "WARNING",
        "AXIAL_OPENAI_IN_FLIGHT": "64",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1",
        "OPENAI_API_KEY": "none",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    if database:
        os.environ["DATABASE_URL"] = database
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def measure(options: argparse.Namespace) -> int:
    """Each round's seconds, their ratio to the ideal, and the process's memory."""
    process = psutil.Process()
    ideal = options.items * SECONDS / options.in_flight
    one_run(options.in_flight, n_in_flight=options.in_flight)  # opens connections
    begin = process.memory_info().rss
    one_run(100, n_in_flight=options.in_flight)
    after_100 = process.memory_info().rss
    ratios = []
    for _round in range(options.rounds):
        cpu = sum(process.cpu_times()[:2])
        took = one_run(options.items, n_in_flight=options.in_flight)
        cpu = (sum(process.cpu_times()[:2]) - cpu) / options.items * 1000
        ratios.append(took / ideal)
        print(
            f"{options.items} items, {options.in_flight} in flight: {took:.2f} s, ideal {ideal:.2f} s,"
            f" ratio {took / ideal:.2f} (aim < {AIM}); {cpu:.1f} ms of CPU an item;"
            f" {process.memory_info().rss / 1e6:.0f} MB",
            flush=True,
        )
    load = os.getloadavg()[0]
    print(f"memory: {begin / 1e6:.0f} MB, after 100 items {after_100 / 1e6:.0f} MB; load {load:.1f}")
    if options.profile:
        profile(options)
    return 0 if sorted(ratios)[len(ratios) // 2] < AIM else 1


def one_run(n_items: int, *, n_in_flight: int) -> float:
    """Seconds for one run in this process, by as many threads as the crew takes."""
    from models_app.actions.runs import start_run
    from models_app.engine.slices import work_slice
    from models_app.models import RunState
    from models_app.registry import client_of
    from tests.models_app.fakes import MODEL, FakeLlm, study_with_scripts

    study = study_with_scripts(n_items, text="INT. A KITCHEN. Video %d. " + "Somebody talks. " * 200)
    settings = {"client": "openai", "model": MODEL, "in_flight": n_in_flight}
    run = start_run(study=study, pipeline="llm-from-script", settings=settings)
    pipeline = FakeLlm()
    begun = time.monotonic()
    work_slice(run.pk, pipeline_of=lambda *_: pipeline, client_of=client_of, worker="benchmark", seconds=600)
    took = time.monotonic() - begun
    run.refresh_from_db()
    if run.state != RunState.FINISHED or run.exchanges.count() != n_items:
        raise RuntimeError(f"the run went wrong: {run.state} {run.paused_because}")
    return took


def profile(options: argparse.Namespace) -> None:
    """Where the threads are, seen a hundred times a second; waiting for the provider is left out."""
    import collections
    import threading
    import traceback

    seen: collections.Counter[str] = collections.Counter()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.01):
            for frame in list(sys._current_frames().values()):
                stack = traceback.extract_stack(frame)
                ours = [f for f in stack if str(ROOT) in f.filename and "/.venv/" not in f.filename]
                if ours and ours[-1].name not in ("look", "watch"):
                    seen[f"{Path(ours[-1].filename).name}:{ours[-1].lineno} → {stack[-1].name}"] += 1

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    one_run(options.items, n_in_flight=options.in_flight)
    over.set()
    thread.join()
    for place, n in seen.most_common(25):
        print(f"{n:>6}  {place}")


if __name__ == "__main__":
    sys.exit(main())
