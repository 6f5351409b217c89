"""Signatures of webhooks, by the Standard Webhooks convention (version 1, symmetric).

What is signed is `id.timestamp.body`, with HMAC-SHA256; a secret is written
`whsec_` and its bytes in base64. https://www.standardwebhooks.com
"""

import base64
import hashlib
import hmac

PREFIX = "whsec_"


def secret_of(key: str, salt: str) -> str:
    """The secret that the installation's key and a random salt make: 32 bytes."""
    made = hmac.new(key.encode(), f"webhook:{salt}".encode(), hashlib.sha256).digest()
    return PREFIX + base64.b64encode(made).decode()


def fingerprint_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


def signature_of(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """The header webhook-signature: `v1,` and the signature in base64."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{event_id}.{timestamp}.".encode() + body
    made = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(made).decode()}"
