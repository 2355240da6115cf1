"""Tencent Cloud's request signature TC3-HMAC-SHA256.

Source: "签名方法 v3", cloud.tencent.com/document/product/679/47719.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

ALGORITHM = "TC3-HMAC-SHA256"


def canonical_request(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> str:
    """What is signed, as one text. headers: those to sign, by lower-case name; content-type and host must be there."""
    lines = "".join(f"{name}:{headers[name].strip().lower()}\n" for name in sorted(headers))
    return "\n".join((method, path, query, lines, _names(headers), hashlib.sha256(body).hexdigest()))


def string_to_sign(canonical: str, service: str, seconds: int) -> str:
    """The text over which the HMAC is computed. seconds: since 1970, as in X-TC-Timestamp."""
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{ALGORITHM}\n{seconds}\n{_scope(service, seconds)}\n{hashed}"


def authorization(headers: Mapping[str, str], body: bytes, service: str, seconds: int, key_id: str, secret: str) -> str:
    """The Authorization header for a POST of this body to the root path."""
    text = string_to_sign(canonical_request("POST", "/", "", headers, body), service, seconds)
    key = f"TC3{secret}".encode()
    for part in _scope(service, seconds).split("/"):
        key = _hmac(key, part)
    scope, signature = _scope(service, seconds), _hmac(key, text).hex()
    return f"{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={_names(headers)}, Signature={signature}"


def _scope(service: str, seconds: int) -> str:
    """The day in it is that of UTC, whatever the zone of the server or of the machine."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}/{service}/tc3_request"


def _names(headers: Mapping[str, str]) -> str:
    return ";".join(sorted(headers))


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
