"""A hook of the LiteLLM proxy: decides before each call, reports its usage after it.

In the proxy's config.yaml: `litellm_settings: {callbacks:
["weighbridge_client.litellm_hook.gate"]}`. From the environment it takes WEIGHBRIDGE_URL,
WEIGHBRIDGE_TOKEN and, if wanted, the variables that `gate_from` names.
"""

import asyncio
import json
import logging
import os
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import HTTPException
from litellm.integrations.custom_logger import CustomLogger

from weighbridge_client.asynchronous import AsyncClient
from weighbridge_client.calls import Call
from weighbridge_client.client import Client
from weighbridge_client.decisions import Decision
from weighbridge_client.errors import Refused

logger = logging.getLogger("weighbridge_client")

NAMED = "weighbridge"
"""The member of a key's, a team's or a request's metadata that names the workload."""
CALL = "weighbridge_call"
# What the caller may spend later; anything else says that it must not call at all.
SPENT = frozenset({"tier_ceiling", "spend_limit"})
MOST_IN_FLIGHT = 50_000


class WeighbridgeGate(CustomLogger):
    """`models` are the proxy's names by the rate card's; `keys_are_users` takes the
    key's user where a request's own `user` is not to be trusted."""

    def __init__(
        self,
        asking: AsyncClient,
        *,
        models: Mapping[str, str] | None = None,
        keys_are_users: bool = False,
        expected_output_tokens: int = 1_000,
    ) -> None:
        super().__init__()
        self._asking = asking
        self._proxy_names = dict(models or {})
        self._card_names = {proxy: card for card, proxy in self._proxy_names.items()}
        self._keys_are_users = keys_are_users
        self._expected_output_tokens = expected_output_tokens
        self._in_flight: OrderedDict[str, Call] = OrderedDict()

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> dict[str, Any]:
        """Raises 429 where the user has spent, 403 where nothing may run."""
        metadata = _metadata_of(data)
        named = _named(user_api_key_dict, metadata)
        question = self._asking.client.question(
            named["workload"],
            tier=named.get("tier") or "standard",
            user=self._user(user_api_key_dict, data),
            agent=named.get("agent"),
            account=named.get("account"),
            model=self._card_name(data.get("model")),
            expected_tokens=self._expected(data),
        )
        try:
            decision = await self._asking.decide(question)
        except Refused as refusal:
            raise HTTPException(
                403, {"error": refusal.detail, "code": refusal.code}
            ) from refusal
        if decision.is_held:
            raise _held(decision)
        if decision.model and decision.model != question.model:
            data["model"] = self._proxy_names.get(decision.model, decision.model)
        metadata[CALL] = question.request_id
        self._in_flight[question.request_id] = self._asking.client.begun(
            question, decision
        )
        if len(self._in_flight) > MOST_IN_FLIGHT:
            # Broken off without a word; what it reserved lapses by itself.
            self._in_flight.popitem(last=False)
        return data

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        metadata = _logged_metadata(kwargs)
        call = self._in_flight.pop(metadata.get(CALL, ""), None)
        if call is None:
            return
        usage = getattr(response_obj, "usage", None)
        # An answer from the proxy's cache used nothing.
        if usage is not None and not kwargs.get("cache_hit"):
            call.used(
                **_tokens(usage),
                # After a fallback of the proxy's own, the group that answered.
                model=self._card_name(metadata.get("model_group")),
            )
        await asyncio.to_thread(call.finish)

    async def async_post_call_failure_hook(
        self,
        request_data: dict[str, Any],
        original_exception: Exception,
        user_api_key_dict: Any,
        traceback_str: str | None = None,
    ) -> None:
        """Said once a request, after the proxy's own retries."""
        request_id = _metadata_of(request_data).get(CALL, "")
        if (call := self._in_flight.pop(request_id, None)) is not None:
            await asyncio.to_thread(call.finish)

    def _card_name(self, model: str | None) -> str | None:
        return self._card_names.get(model, model) if model else None

    def _user(self, key: Any, data: dict[str, Any]) -> str:
        of_key = [getattr(key, name, None) for name in ("user_id", "team_id")]
        of_request = [data.get("user"), getattr(key, "end_user_id", None)]
        found = of_key if self._keys_are_users else [*of_request, *of_key]
        return next((str(one) for one in found if one), "proxy")[:100]

    def _expected(self, data: dict[str, Any]) -> int:
        """A guess to reserve by: three characters a token, and the answer's limit."""
        asked = data.get("messages") or data.get("input") or data.get("prompt") or ""
        wanted = data.get("max_completion_tokens") or data.get("max_tokens")
        most = wanted if isinstance(wanted, int) else self._expected_output_tokens
        return len(json.dumps(asked, default=str)) // 3 + most


def gate_from(environment: Mapping[str, str]) -> WeighbridgeGate:
    """WEIGHBRIDGE_URL, _TOKEN; _GATE_URL, _RUNTIME, _DIRECTORY; _LITELLM_MODELS: JSON,
    the proxy's model names by the rate card's; _LITELLM_USER: `request` or `key`."""
    missing = [
        name
        for name in ("WEIGHBRIDGE_URL", "WEIGHBRIDGE_TOKEN")
        if not environment.get(name)
    ]
    if missing:
        raise RuntimeError(f"The Weighbridge hook needs {' and '.join(missing)}.")
    runtime = environment.get("WEIGHBRIDGE_RUNTIME") or "litellm"
    client = Client(
        environment["WEIGHBRIDGE_URL"],
        token=environment["WEIGHBRIDGE_TOKEN"],
        runtime=runtime,
        directory=environment.get("WEIGHBRIDGE_DIRECTORY")
        or Path.home() / ".weighbridge-client" / runtime,
        gate_url=environment.get("WEIGHBRIDGE_GATE_URL") or None,
    )
    return WeighbridgeGate(
        AsyncClient(client),
        models=json.loads(environment.get("WEIGHBRIDGE_LITELLM_MODELS") or "{}"),
        keys_are_users=environment.get("WEIGHBRIDGE_LITELLM_USER") == "key",
    )


def __getattr__(name: str) -> Any:
    """`gate` is made when the proxy reads its configuration, which a missing variable
    ends there and not at the first call."""
    if name != "gate":
        raise AttributeError(name)
    made = globals()["gate"] = gate_from(os.environ)
    return made


def _metadata_of(data: dict[str, Any]) -> dict[str, Any]:
    """Where the proxy keeps what goes along with a request; it depends on the route."""
    name = "litellm_metadata" if "litellm_metadata" in data else "metadata"
    if not isinstance(data.get(name), dict):
        data[name] = {}
    found: dict[str, Any] = data[name]
    return found


def _logged_metadata(kwargs: dict[str, Any]) -> dict[str, Any]:
    logged = kwargs.get("litellm_params") or {}
    for name in ("litellm_metadata", "metadata"):
        found = logged.get(name)
        if isinstance(found, dict) and CALL in found:
            return found
    return {}


def _named(key: Any, metadata: dict[str, Any]) -> dict[str, Any]:
    """The key's word counts before the team's, and the request's only without both: a
    caller does not choose whose budget it spends."""
    sources = (
        getattr(key, "metadata", None),
        getattr(key, "team_metadata", None),
        metadata.get("requester_metadata"),
        metadata,
    )
    for source in sources:
        named = (source or {}).get(NAMED)
        if isinstance(named, dict) and named.get("workload"):
            return named
    raise HTTPException(
        403,
        {
            "error": "Neither the key nor its team names a workload of Weighbridge:"
            f' metadata {{"{NAMED}": {{"workload": "W-01"}}}}.',
            "code": "no_workload",
        },
    )


def _held(decision: Decision) -> HTTPException:
    body = {
        "error": decision.reason,
        "code": decision.reason_code,
        "gate": decision.gate,
    }
    if decision.gate not in SPENT:
        return HTTPException(403, body)
    headers = {}
    if decision.resets_at is not None:
        now = datetime.now(UTC)  # noqa: TID251 - an entry point of its own
        left = (decision.resets_at - now).total_seconds()
        headers["Retry-After"] = str(max(1, round(left)))
    return HTTPException(429, body, headers)


def _tokens(usage: Any) -> dict[str, int]:
    """By the chat API's names or the responses API's; cached ones are part of the
    input."""

    def of(*names: str) -> Any:
        found = (getattr(usage, name, None) for name in names)
        return next((one for one in found if one is not None), 0)

    details = of("prompt_tokens_details", "input_tokens_details")
    return {
        "input_tokens": of("prompt_tokens", "input_tokens"),
        "output_tokens": of("completion_tokens", "output_tokens"),
        "cached_input_tokens": getattr(details, "cached_tokens", None) or 0,
    }
