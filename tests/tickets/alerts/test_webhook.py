"""Alerts to a webhook against a real receiver, and what must never be reached."""

import ipaddress
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.fakes import PATIENCE_S, outlast
from tests.tickets.alerts.peers import NOTICE, Receiver
from tickets.alerts import DeliveryError, Failure, webhook
from tickets.alerts.egress import EgressGuard
from tickets.alerts.webhook import WebhookSettings

LOOPBACK = ("127.0.0.0/8",)


def settings_for(receiver: Receiver) -> WebhookSettings:
    return WebhookSettings(receiver.url, "shared secret", LOOPBACK, timeout_seconds=PATIENCE_S)


async def fail(settings: WebhookSettings) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await webhook.send(settings, NOTICE)
    return caught.value


async def test_the_alert_arrives_as_json_under_a_signature_that_can_be_checked() -> None:
    async with Receiver().open() as receiver:
        await webhook.send(settings_for(receiver), NOTICE)
    (request,), (body,), (fields,) = receiver.requests, receiver.bodies, receiver.fields
    assert request["Content-Type"] == "application/json; charset=utf-8"
    timestamp = request["X-Yingsheng-Timestamp"]
    assert abs(int(timestamp) - datetime.now(UTC).timestamp()) < 60
    assert request["X-Yingsheng-Signature"] == webhook.signature("shared secret", timestamp, body)
    assert fields["ticket_number"] == "2611-0001"
    assert [fields["facts"]] == fields["alerts"] == list(NOTICE.facts)
    assert (fields["subject"], fields["text"]) == (NOTICE.subject, NOTICE.text)


def test_the_signature_is_the_documented_hmac() -> None:
    # printf '1700000000.{}' | openssl dgst -sha256 -hmac secret
    assert webhook.signature("secret", "1700000000", b"{}") == (
        "v1=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163"
    )


async def test_every_attempt_of_a_delivery_has_the_same_idempotency_key() -> None:
    async with Receiver().open() as receiver:
        for notice in (NOTICE, NOTICE, replace(NOTICE, key="alert:0200-alert:webhook:everyone")):
            await webhook.send(settings_for(receiver), notice)
    first, second, other = (request["Idempotency-Key"] for request in receiver.requests)
    assert first == second != other


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        (400, True), (401, True), (403, True), (404, True), (410, True), (408, False), (429, False), (500, False),
        (502, False), (503, False), (301, True), (302, True), (307, True),
    ],
)  # fmt: skip
async def test_what_a_status_means(status: int, permanent: bool) -> None:
    async with Receiver(status=status, headers={"Location": "/elsewhere"}).open() as receiver:
        error = await fail(settings_for(receiver))
    assert error.permanent is permanent
    assert str(status) in error.reason
    assert [request["path"] for request in receiver.requests] == ["/alerts"]


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("120", 120_000, 120_000),
        ("0", 0, 0),
        ("9" * 30, 24 * 3_600_000, 24 * 3_600_000),
        ("in an hour", 3_500_000, 3_600_000),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
    ],
)
async def test_the_receivers_wish_to_wait_is_passed_on(value: str, low: int, high: int) -> None:
    if value == "in an hour":
        value = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    async with Receiver(status=429, headers={"Retry-After": value}).open() as receiver:
        error = await fail(settings_for(receiver))
    assert error.retry_after_ms is not None
    assert low <= error.retry_after_ms <= high


@pytest.mark.parametrize("value", ["soon", "-5", "1.5", "", "²", "Wed, 99 Foo 2015"])
async def test_a_wish_that_makes_no_sense_is_ignored(value: str) -> None:
    async with Receiver(status=503, headers={"Retry-After": value}).open() as receiver:
        error = await fail(settings_for(receiver))
    assert (error.permanent, error.retry_after_ms) == (False, None)


@pytest.mark.parametrize(("hang", "cut"), [(True, False), (False, True)])
async def test_a_receiver_that_hangs_or_hangs_up_is_tried_again(hang: bool, cut: bool) -> None:
    async with Receiver(hang=hang, cut=cut).open() as receiver:
        error = await outlast(fail(settings_for(receiver)), lambda: bool(receiver.requests))
    assert error.failure is Failure.UNKNOWN


async def test_nobody_listening_is_temporary() -> None:
    async with Receiver().open() as receiver:
        settings = settings_for(receiver)
    assert not (await fail(settings)).permanent


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "LOCALHOST", "2130706433", "017700000001", "0x7f000001", "0x7f.1", "0177.0.0.1",
        "127.1", "127.000.000.001", "0", "0.0.0.0", "[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
        "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]",
        "①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1", "ｌｏｃａｌｈｏｓｔ",
        "169.254.169.254", "100.100.100.200", "[fd00:ec2::254]", "[fe80::1%25lo]",
    ],
)  # fmt: skip
async def test_without_leave_no_loopback_address_is_connected_to(host: str) -> None:
    """The receiver really listens: only the check keeps the request from reaching it."""
    async with Receiver().open() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        settings = WebhookSettings(f"http://{host}:{port}/alerts", "secret", (), timeout_seconds=PATIENCE_S)
        error = await fail(settings)
    assert error.permanent
    assert receiver.requests == []


async def test_of_a_name_s_addresses_only_those_allowed_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Receiver().open() as inside, Receiver(host="127.0.0.2").open() as receiver:
        answer = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", inside.port)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", receiver.port)),
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: answer)
        await webhook.send(WebhookSettings("http://both.example.com/", "secret", ("127.0.0.2/32",)), NOTICE)
    assert (len(receiver.requests), inside.requests) == (1, [])


async def test_a_name_that_turns_private_after_it_was_looked_at_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at the name before the request would have seen the first answer, and the request got the second."""
    async with Receiver().open() as inside, Receiver(host="127.0.0.2").open() as receiver:
        places = iter([("127.0.0.2", receiver.port), ("127.0.0.1", inside.port)])
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda *_a, **_k: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", next(places))]
        )
        settings = WebhookSettings(
            "http://rebinding.example.com/", "secret", ("127.0.0.2/32",), timeout_seconds=PATIENCE_S
        )
        await webhook.send(settings, NOTICE)
        error = await fail(settings)
    assert error.failure is Failure.PERMANENT
    assert (len(receiver.requests), inside.requests) == (1, [])


async def test_a_name_that_resolves_to_a_private_address_is_refused_when_connecting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Receiver().open() as receiver:
        port = int(receiver.url.split(":")[2].split("/")[0])
        answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: answer)
        settings = WebhookSettings(f"http://rebound.example.com:{port}/", "secret", (), timeout_seconds=PATIENCE_S)
        error = await fail(settings)
    assert error.permanent
    assert receiver.requests == []


async def test_proxies_named_by_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Receiver().open() as proxy, Receiver().open() as receiver:
        monkeypatch.setenv("http_proxy", proxy.url)
        await webhook.send(settings_for(receiver), NOTICE)
    assert (len(receiver.requests), proxy.requests) == (1, [])


@pytest.mark.parametrize(
    "url",
    [
        "", "alerts", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "http://",
        "http://user:word@example.com/", "http://user@example.com/", "http://example.com:port/",
        "javascript:alert(1)", "dict://127.0.0.1:11211/", "ldap://127.0.0.1/", "ws://127.0.0.1/", "//127.0.0.1/",
        "http:///alerts", "http://127.0.0.1@example.com/", "http://:word@example.com/", "http://[::1/", "http://[]/",
        "http://example.com:99999/", f"http://{'a' * 64}.example.com/", "http://..example.com/", "http://\ud800/",
    ],
)  # fmt: skip
async def test_a_url_that_may_not_be_called_closes_the_way(url: str) -> None:
    assert (await fail(WebhookSettings(url, "secret", LOOPBACK, timeout_seconds=PATIENCE_S))).failure is Failure.CLOSED


async def test_gone_closes_the_way_and_other_refusals_end_one_message() -> None:
    async with Receiver().open() as receiver:
        for status, failure in ((410, Failure.CLOSED), (404, Failure.PERMANENT), (301, Failure.PERMANENT)):
            receiver.status = status
            assert (await fail(settings_for(receiver))).failure is failure


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200",
        "100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "168.63.129.16", "192.0.2.1", "198.18.0.1",
        "240.0.0.1",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::7f00:1", "fe80::1",
        "fe80::1%1",
        "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1",
        "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not EgressGuard(()).allows(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "223.5.5.5", "2400:3200::1", "::ffff:8.8.8.8"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert EgressGuard(()).allows(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("10.1.2.3", True), ("10.2.0.1", False), ("::ffff:10.1.2.3", True), ("fd00::1", True), ("fd01::1", False),
        ("64:ff9b::a01:203", False),
    ],
)  # fmt: skip
def test_an_operator_can_allow_networks_of_their_own(address: str, allowed: bool) -> None:
    guard = EgressGuard(("10.1.0.0/16", "fd00::/16"))
    assert guard.allows(ipaddress.ip_address(address)) is allowed
