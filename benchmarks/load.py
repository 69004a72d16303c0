"""Many queued jobs and many polling clients. In: how many. Out: latencies, memory, the cost to a render.

    python benchmarks/load.py --model FOLDER --jobs 1000 --clients 200 --seconds 60

Latencies and renders are true of a quiet machine only; `others` is the load average before anything began.
What a request costs the server in processor time is nearly the same beside others. The clients arrive one after the
other over `--arrive` seconds, as those who began to ask at different times do.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from serving import Served

FILM = {"steps": 100, "seconds": 4, "size": "96x64", "seed": 1, "priority": 50}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--arrive", type=float, default=10.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Served(Path(folder), given.model.resolve()).start()
        try:
            print(json.dumps(measure(server, given), indent=2))
        finally:
            server.close()


def measure(server: Served, given: argparse.Namespace) -> dict[str, Any]:
    others = os.getloadavg()[0]
    render(server)
    alone = statistics.median(render(server) for _ in range(3))
    before = memory(server)
    creating = time.perf_counter()
    videos = [server.create(steps=100, seconds=4, size="96x64") for _ in range(given.jobs)]
    creating = time.perf_counter() - creating
    film = server.create(**FILM)
    spent = processor(server)
    latencies = asyncio.run(poll(server.url, videos, given))
    spent = processor(server) - spent
    crowded = took(server.wait(film, seconds=3600))
    ordered = sorted(latencies)
    return {
        "requests": len(ordered),
        "p50_ms": round(1000 * ordered[len(ordered) // 2], 1),
        "p99_ms": round(1000 * ordered[int(len(ordered) * 0.99)], 1),
        "server_ms_per_request": round(1000 * spent / len(ordered), 2),
        "create_ms": round(1000 * creating / given.jobs, 1),
        "render_alone_s": round(alone, 2),
        "render_crowded_s": round(crowded, 2),
        "server_memory_mib": [before, memory(server)],
        "others": round(others, 1),
    }


def render(server: Served) -> float:
    return took(server.wait(server.create(**FILM)))


def took(job: dict[str, Any]) -> float:
    return float(job["completed_at"] - job["started_at"])


async def poll(url: str, videos: list[str], given: argparse.Namespace) -> list[float]:
    """Every client polls one film as the official one does: by the server's own hint."""
    latencies: list[float] = []
    end = time.monotonic() + given.seconds

    async def client(http: httpx.AsyncClient, video: str, delay: float) -> None:
        await asyncio.sleep(delay)
        while time.monotonic() < end:
            start = time.perf_counter()
            answer = await http.get(f"/v1/videos/{video}")
            latencies.append(time.perf_counter() - start)
            assert answer.status_code == 200, answer.text
            await asyncio.sleep(int(answer.headers["openai-poll-after-ms"]) / 1000)

    limits = httpx.Limits(max_connections=given.clients)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60.0) as http:
        chosen = [videos[n % len(videos)] for n in range(given.clients)]
        await asyncio.gather(
            *(
                client(http, video, given.arrive * n / given.clients)
                for n, video in enumerate(chosen)
            )
        )
    return latencies


def processor(server: Served) -> float:
    """Processor seconds of the server process so far."""
    assert server.process is not None
    told = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def memory(server: Served) -> float:
    """Resident MiB of the server process."""
    assert server.process is not None
    for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return round(int(line.split()[1]) / 1024, 1)
    raise AssertionError("no VmRSS")


if __name__ == "__main__":
    main()
