"""Weighbridge from a runtime: ask before each model call, report what it used."""

from weighbridge_client.asynchronous import AsyncClient
from weighbridge_client.calls import Call
from weighbridge_client.client import Client, Options
from weighbridge_client.decisions import Decision, Question
from weighbridge_client.errors import Held, Refused, Unreachable, WeighbridgeError

__all__ = [
    "AsyncClient",
    "Call",
    "Client",
    "Decision",
    "Held",
    "Options",
    "Question",
    "Refused",
    "Unreachable",
    "WeighbridgeError",
]
