"""Aliyun's request signature ACS3-HMAC-SHA256.

Source: "V3版本请求体&签名机制", help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"


def request_headers(host: str, action: str, version: str, body: bytes, seconds: int, nonce: str) -> dict[str, str]:
    """The headers that every request carries and signs. seconds: since 1970; nonce: never used before."""
    return {
        "host": host,
        "x-acs-action": action,
        "x-acs-version": version,
        "x-acs-date": datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
    }


def canonical_query(parameters: Mapping[str, str]) -> str:
    """The parameters sorted by name and percent-encoded (RFC 3986), as they are signed and sent."""
    return "&".join(f"{_encoded(name)}={_encoded(parameters[name])}" for name in sorted(parameters))


def canonical_request(method: str, path: str, query: str, headers: Mapping[str, str]) -> str:
    """What is signed, as one text. headers: those of request_headers, and content-type if the request has one."""
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    return "\n".join((method, path, query, lines, _names(headers), headers["x-acs-content-sha256"]))


def string_to_sign(canonical: str) -> str:
    """The text over which the HMAC is computed."""
    return f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def authorization(method: str, path: str, query: str, headers: Mapping[str, str], key_id: str, secret: str) -> str:
    """The Authorization header for this request."""
    text = string_to_sign(canonical_request(method, path, query, headers))
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Credential={key_id},SignedHeaders={_names(headers)},Signature={signature}"


def _names(headers: Mapping[str, str]) -> str:
    return ";".join(sorted(headers))


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
