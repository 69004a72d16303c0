"""Clients as people have them installed: the oldest official one that knows films, and JavaScript's."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path

import pytest

from kinora.serve.jobs.courier import signed
from serving import Served

OLDEST = "2.27.0"
NODE_CLIENT = "6.49.0"
PATIENCE = 900.0
PLAIN = ("-o", "addopts=--strict-markers --import-mode=importlib")
RUNNING = "SERVER_OF_ANOTHER_SESSION"
"""As in `conftest.py`."""


def fetched(*words: str | Path, what: str, sure: bool) -> None:
    """Install something; without its registry the test is skipped, or fails in CI where that is `sure`."""
    done = subprocess.run(
        [*map(str, words)], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    if done.returncode:
        reason = f"needs {what}, which cannot be fetched here: {done.stderr[-400:]}"
        must = sure and os.environ.get("KINORA_CI") == "1"
        pytest.fail(reason) if must else pytest.skip(reason)


def test_the_oldest_python_client_goes_the_same_way(
    server: Served, root: Path, tmp_path: Path
) -> None:
    # Not with all that it needs: most of it is here, in the versions that the tests are written for.
    wanted = (f"openai=={OLDEST}", "distro", "sniffio", "tqdm")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", tmp_path)
    fetched(*pip, *wanted, what=f"openai {OLDEST}", sure=True)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]),
        RUNNING: f"{server.data}:{server.port}",
    }
    version = [sys.executable, "-c", "import openai; print(openai.__version__)"]
    told = subprocess.run(version, env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == OLDEST
    journey = root / "tests" / "serve" / "test_journey.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *PLAIN, str(journey)],
        cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
    assert re.search(r"= \d+ passed in ", done.stdout), "all of it, nothing skipped"


def test_the_javascript_client(server: Served, root: Path, tmp_path: Path) -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip(
            "needs Node.js 20 with npm, which is no part of what Python projects are tested on"
        )
    install = (npm, "install", "--no-audit", "--no-fund", "--prefix", tmp_path)
    fetched(*install, f"openai@{NODE_CLIENT}", what="the npm package openai", sure=False)
    secret = "whsec_" + b64encode(b"sixteen bytes ok").decode()
    body = {
        "id": "evt_1", "object": "event", "created_at": int(time.time()),
        "type": "video.completed", "data": {"id": "video_1"},
    }  # fmt: skip
    sent = json.dumps(body)
    headers = json.dumps(signed("evt_1", sent, secret=secret))
    journey = root / "tests" / "serve" / "journey.mjs"
    done = subprocess.run(
        [node, str(journey), str(tmp_path), f"{server.url}/v1", secret, sent, headers],
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads(done.stdout) == {
        "version": NODE_CLIENT,
        "film": ["completed", 100, "1", "96x64"],
        "kinds": ["ftyp", "WEBP", "\xff\xd8"],
        "remixed_from": True,
        "extended": "5",
        "made": 5,
        "character": "Rolly",
        "listed": [True, True, True],
        "deleted": True,
        "gone": [404, "not_found", True],
        "event": ["video.completed", "video_1"],
        "forged": "InvalidWebhookSignatureError",
    }
