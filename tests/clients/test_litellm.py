"""The hook in a real LiteLLM proxy, started as its users start it.

LiteLLM brings a hundred packages, some of them older than ours: it has an environment of
its own, which `make test-litellm` makes and names.
"""

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from tests.clients.bundles import bundle_of
from tests.clients.portals import ANSWER, DECIDE, ScriptedPortal

ROOT = Path(__file__).resolve().parents[2]
PYTHON = os.environ.get("WEIGHBRIDGE_LITELLM_PYTHON", "")
KEY = "sk-proxy"
WORKLOAD = {"weighbridge": {"workload": "W-01", "agent": "triage"}}
START_SECONDS = 90

pytestmark = pytest.mark.skipif(
    not PYTHON, reason="LiteLLM has its own environment: make test-litellm"
)


def _model(name, **params):
    return {"model_name": name, "litellm_params": {"model": f"openai/{name}", **params}}


CONFIG = {
    "model_list": [
        _model("large", mock_response="from large", api_key="x"),
        _model("small", mock_response="from small", api_key="x"),
        _model("broken", api_base="http://127.0.0.1:9/v1", api_key="x"),
    ],
    "general_settings": {"master_key": KEY},
    "router_settings": {"num_retries": 0},
    "litellm_settings": {
        "callbacks": ["weighbridge_client.litellm_hook.gate"],
        "num_retries": 0,
    },
}
MODELS = {"Sonnet": "large", "Haiku": "small", "Opus": "broken"}


@pytest.fixture(scope="module")
def portal() -> Iterator[SimpleNamespace]:
    """A scripted portal that listens."""
    script = ScriptedPortal(bundle_of())

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            request = httpx.Request(
                self.command,
                f"http://portal.test{self.path}",
                content=self.rfile.read(length),
            )
            response = script.transport.handle_request(request)
            self.send_response(response.status_code)
            if "ETag" in response.headers:
                self.send_header("ETag", response.headers["ETag"])
            self.send_header("Content-Length", str(len(response.content)))
            self.end_headers()
            self.wfile.write(response.content)

        do_GET = do_POST = _answer  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield SimpleNamespace(script=script, url=f"http://127.0.0.1:{server.server_port}")
    server.shutdown()


@pytest.fixture(scope="module")
def proxy(portal, tmp_path_factory) -> Iterator[httpx.Client]:
    home = tmp_path_factory.mktemp("litellm")
    (home / "config.yaml").write_text(json.dumps(CONFIG))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (home / "log").open("w+")
    process = subprocess.Popen(
        [
            str(Path(PYTHON).with_name("litellm")),
            *("--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)),
        ],
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PYTHONPATH": str(ROOT / "clients" / "python"),
            # Else it fetches a list of prices first.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "WEIGHBRIDGE_URL": portal.url,
            "WEIGHBRIDGE_TOKEN": "wb_x",
            "WEIGHBRIDGE_RUNTIME": "proxy",
            "WEIGHBRIDGE_LITELLM_MODELS": json.dumps(MODELS),
        },
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        headers={"Authorization": f"Bearer {KEY}"},
        timeout=30,
    )
    try:
        _until(lambda: _is_up(client, process, log), START_SECONDS)
        yield client
    finally:
        process.terminate()
        process.wait(20)


def _is_up(client, process, log) -> bool:
    if process.poll() is not None:
        log.seek(0)
        pytest.fail(f"The proxy ended: {log.read()[-3000:]}")
    try:
        return client.get("/health/liveliness").is_success
    except httpx.TransportError:
        return False


def _until(true, seconds=15.0):
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.1)
    return found


@pytest.fixture(autouse=True)
def fresh(portal):
    portal.script.answers.clear()
    portal.script.asked.clear()
    portal.script.counted.clear()


def _answering(portal, **answer):
    portal.script.answers["decide"] = lambda _: httpx.Response(
        200, json=ANSWER | answer
    )


def _complete(proxy, model="large", metadata=WORKLOAD, **body):
    return proxy.post(
        "/chat/completions",
        json={
            "model": model,
            "user": "u-1",
            "messages": [{"role": "user", "content": "Hello"}],
            "max_tokens": 50,
            "metadata": metadata,
            **body,
        },
    )


def test_an_allowed_call_is_answered_and_its_usage_reported(proxy, portal):
    response = _complete(proxy)

    assert response.json()["choices"][0]["message"]["content"] == "from large"
    [(_, asked)] = portal.script.to(DECIDE)
    assert asked["workload"] == "W-01"
    assert (asked["user"], asked["agent"], asked["model"]) == (
        "u-1",
        "triage",
        "Sonnet",
    )
    assert asked["expected_tokens"] > 50
    [event] = _until(lambda: list(portal.script.counted.values()))
    used = response.json()["usage"]
    assert (event["decision"], event["source"], event["model"]) == (
        "0196-d",
        "proxy",
        "Sonnet",
    )
    assert event["input_tokens"] == used["prompt_tokens"]
    assert event["output_tokens"] == used["completion_tokens"]


def test_a_streamed_call_is_counted_when_it_ends(proxy, portal):
    response = _complete(proxy, stream=True)

    assert response.text.rstrip().endswith("[DONE]")
    [event] = _until(lambda: list(portal.script.counted.values()))
    assert event["output_tokens"] > 0


def test_a_degraded_call_goes_to_the_budget_model(proxy, portal):
    _answering(portal, action="degrade", model="Haiku", gate="tier_ceiling")

    response = _complete(proxy)

    assert response.json()["choices"][0]["message"]["content"] == "from small"
    [event] = _until(lambda: list(portal.script.counted.values()))
    assert event["model"] == "Haiku"


@pytest.mark.parametrize(
    ("gate", "status"),
    [
        ("tier_ceiling", 429),
        ("spend_limit", 429),
        ("kill_switch", 403),
        ("no_active_gate", 403),
        ("model_policy", 403),
    ],
)
def test_a_held_call_is_refused_with_the_reason(proxy, portal, gate, status):
    _answering(portal, action="block", model=None, gate=gate, reason="Held back.")

    response = _complete(proxy)

    assert response.status_code == status
    assert "Held back." in response.text


def test_an_unknown_workload_is_refused_and_not_let_through(proxy, portal):
    portal.script.answers["decide"] = lambda _: httpx.Response(
        404, json={"code": "not_found", "detail": "No such workload."}
    )

    response = _complete(proxy)

    assert response.status_code == 403
    assert "No such workload." in response.text


def test_a_request_that_names_no_workload_is_refused(proxy, portal):
    response = _complete(proxy, metadata={})

    assert response.status_code == 403
    assert "names a workload" in response.text
    assert portal.script.to(DECIDE) == []


def test_a_call_that_fails_lets_its_reservation_go(proxy, portal):
    _answering(portal, model="Opus")

    response = _complete(proxy, model="broken")

    assert response.status_code >= 400
    assert _until(lambda: portal.script.to("/gates/reservations/0196-d/release/"))
    assert portal.script.counted == {}
