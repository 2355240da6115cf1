"""Who is believed to have written a mail: headers of our server, signatures, domains."""

import asyncio
import threading
import time
from collections.abc import Iterator
from socketserver import BaseRequestHandler, ThreadingUDPServer

import dkim
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from bot.gateway.mime import parse
from bot.mail.settling.authenticity import Authenticity, Proof, Trust, by_receiving_server
from bot.mail.settling.domains import are_aligned, registered_domain
from bot.mail.settling.results import read_results
from bot.mail.settling.signatures import SPARED_S, NoLookup, check_signature, dns_lookup, sparing
from tests.conftest import StartServer
from tests.mail.keys import PRIVATE_KEY, PUBLIC_KEY
from tests.mail.post import MAILBOX, MTA, SETTINGS, Post, mail

FROM_LIN = b"From: lin@shop.example.cn\r\n"


@pytest.mark.parametrize(
    ("header", "trust", "proof"),
    [
        ("dmarc=pass header.from=shop.example.cn", Trust.ALIGNED, Proof.DMARC),
        ("dmarc=pass (p=none dis=none) header.from=shop.example.cn", Trust.ALIGNED, Proof.DMARC),
        ("DMARC=Pass header.from=Shop.Example.CN", Trust.ALIGNED, Proof.DMARC),
        ("dmarc=pass header.from=other.example", Trust.UNVERIFIED, Proof.NOT_ALIGNED),
        ("dmarc=fail header.from=shop.example.cn; dkim=pass header.d=example.cn", Trust.FAILED, Proof.DMARC_FAILED),
        ("dkim=fail header.d=shop.example.cn; dkim=pass header.d=example.cn", Trust.ALIGNED, Proof.DKIM),
        ("dkim=pass header.i=@mail.example.cn header.s=a", Trust.ALIGNED, Proof.DKIM),
        ("dkim=pass header.d=example.com", Trust.UNVERIFIED, Proof.NOT_ALIGNED),
        ("spf=pass smtp.mailfrom=bounce@example.cn", Trust.ALIGNED, Proof.SPF),
        ("spf=pass smtp.helo=example.cn", Trust.UNVERIFIED, Proof.NOT_ALIGNED),
        ("spf=softfail smtp.mailfrom=a@example.cn; dkim=none", Trust.UNVERIFIED, Proof.NOTHING),
        ("dmarc=temperror; spf=neutral", Trust.UNVERIFIED, Proof.NOTHING),
        ("none", Trust.UNVERIFIED, Proof.NOTHING),
        ('spf=fail reason="; dmarc=pass header.from=shop.example.cn"', Trust.UNVERIFIED, Proof.NOTHING),
        ("spf=fail (; dmarc=pass header.from=shop.example.cn)", Trust.UNVERIFIED, Proof.NOTHING),
    ],
)
def test_the_receiving_servers_header_says_who_is_proved(header: str, trust: Trust, proof: Proof) -> None:
    read = parse(b"Authentication-Results: mx.example.com; " + header.encode() + b"\r\n" + FROM_LIN + b"\r\nx")
    assert by_receiving_server(read, (MTA.upper(),)) == Authenticity(trust, proof)


@pytest.mark.parametrize(
    "headers",
    [
        b"",
        b"Authentication-Results: mx.evil.example; dmarc=pass header.from=shop.example.cn\r\n",
        b"Authentication-Results: mx.evil.example; none\r\nAuthentication-Results: mx.example.com; dmarc=pass\r\n",
        b"Authentication-Results: dmarc=pass header.from=shop.example.cn\r\n",
        b"Authentication-Results: mx.example.com (; dmarc=pass\r\n",
        b"Authentication-Results: mx.example.com.evil.example; dmarc=pass\r\n",
        b"Authentication-Results: mx.evil.example mx.example.com x; dmarc=pass\r\n",
        b"X-Authentication-Results: mx.example.com; dmarc=pass\r\n",
        b"ARC-Authentication-Results: i=1; mx.example.com; dmarc=pass header.from=shop.example.cn\r\n",
    ],
)
def test_nobody_elses_header_is_believed(headers: bytes) -> None:
    assert by_receiving_server(parse(headers + FROM_LIN + b"\r\nx"), (MTA,)) is None
    assert by_receiving_server(parse(headers + FROM_LIN + b"\r\nx"), ()) is None


@pytest.mark.parametrize("sender", [b"From: a@example.cn, b@example.cn\r\n", b"", FROM_LIN + FROM_LIN, b"From: x\r\n"])
def test_where_no_one_sender_is_named_nobody_is_proved(sender: bytes) -> None:
    read = parse(b"Authentication-Results: mx.example.com; dmarc=pass\r\n" + sender + b"\r\nx")
    assert by_receiving_server(read, (MTA,)) == Authenticity(Trust.UNVERIFIED, Proof.NO_ONE_SENDER)


@pytest.mark.parametrize(
    "text", ["", ";", "a; b", "a; =", "a; b=", 'a; "', "a; (((", "a b c; x=y", "a" * 9_000, "a; x=y=z"]
)
def test_a_header_that_keeps_to_no_grammar_proves_nothing(text: str) -> None:
    found = read_results(text)
    assert found is None or found.results == ()


@pytest.mark.parametrize(
    ("one", "other", "aligned"),
    [
        ("mail.example.cn", "example.cn", True),
        ("a.example.com.cn", "b.example.com.cn", True),
        ("a.com.cn", "b.com.cn", False),
        ("com.cn", "com.cn", False),
        ("example.cn", "example.cn.evil.example", False),
        ("notexample.cn", "example.cn", False),
        ("例子.cn", "xn--fsqu00a.cn", True),
        ("exаmple.cn", "example.cn", False),
        ("", "", False),
        ("localhost", "localhost", False),
        (".cn", "cn", False),
    ],
)
def test_two_domains_are_aligned_when_one_owner_registered_both(one: str, other: str, aligned: bool) -> None:
    assert are_aligned(one, other) is aligned


def test_a_domain_that_cannot_be_one_is_none() -> None:
    assert registered_domain("a" * 300 + ".cn\0") is None or not are_aligned("a" * 300 + ".cn\0", "example.cn")


def signed(raw: bytes, domain: bytes = b"example.cn", **options: object) -> bytes:
    """The mail with a DKIM signature of this domain."""
    told = dkim.sign(raw, b"sel", domain, PRIVATE_KEY, include_headers=[b"from", b"subject", b"to"], **options)
    return bytes(told) + raw


def knows(name: str) -> bytes | None:
    return PUBLIC_KEY if name == "sel._domainkey.example.cn." else None


PLAIN = mail("lin@shop.example.cn", verified=False)
SIGNED = signed(PLAIN)


@pytest.mark.parametrize(
    ("raw", "proof"),
    [
        (SIGNED, Proof.SIGNATURE),
        (SIGNED.replace(b"\r\n", b"\n"), Proof.SIGNATURE),
        (signed(SIGNED, b"relay.example"), Proof.SIGNATURE),
        (PLAIN, Proof.NOTHING),
        (signed(PLAIN, b"relay.example"), Proof.NOTHING),
        (signed(PLAIN, b"other.example.cn"), Proof.BAD_SIGNATURE),
        (SIGNED + b"more\r\n", Proof.BAD_SIGNATURE),
        (SIGNED.replace(b"From: lin@", b"From: wang@"), Proof.BAD_SIGNATURE),
        (b"From: boss@shop.example.cn\r\n" + SIGNED, Proof.BAD_SIGNATURE),
        (signed(PLAIN, length=True) + b"more\r\n", Proof.BAD_SIGNATURE),
        (b"DKIM-Signature: v=1; a=rsa-sha256; d=example.cn\r\n" + PLAIN, Proof.BAD_SIGNATURE),
        (b"DKIM-Signature: \xff\xfe;;;=\r\n" + PLAIN, Proof.BAD_SIGNATURE),
        (SIGNED.replace(b"a=rsa-sha256", b"a=rsa-sha1"), Proof.BAD_SIGNATURE),
    ],
)
def test_a_signature_proves_its_domain_and_nothing_else(raw: bytes, proof: Proof) -> None:
    assert check_signature(raw, "shop.example.cn", knows) is proof


class Nameserver(ThreadingUDPServer):
    """Answers for one name on 127.0.0.1."""

    def __init__(self, name: str, text: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.name = name
        self.text = text

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Answer(BaseRequestHandler):
    def handle(self) -> None:
        asked, socket = dns.message.from_wire(self.request[0]), self.request[1]
        answer = dns.message.make_response(asked)
        answer.flags |= dns.flags.RA
        server = self.server
        assert isinstance(server, Nameserver)
        if str(asked.question[0].name) == server.name:
            quoted = " ".join(f'"{server.text[at : at + 200].decode()}"' for at in range(0, len(server.text), 200))
            answer.answer.append(dns.rrset.from_text(server.name, 60, "IN", "TXT", quoted))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        socket.sendto(answer.to_wire(), self.client_address)


@pytest.fixture
def nameserver() -> Iterator[Nameserver]:
    server = Nameserver("sel._domainkey.example.cn.", PUBLIC_KEY)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_signed_mail_is_proved_by_its_domains_key(start_server: StartServer, nameserver: Nameserver) -> None:
    box = {**MAILBOX, "trusted_authserv_ids": []}
    settings = {**SETTINGS, "mailboxes": [box], "dns_servers": [nameserver.address]}
    post = Post(await start_server(mail=settings))
    proved = await post.settled(SIGNED)
    forged = await post.settled(SIGNED.replace(b"From: lin@", b"From: wang@"))
    unknown = await post.settled(signed(mail("a@nokey.example.org", verified=False), b"example.org"))
    assert [one["proof"] for one in (proved, forged, unknown)] == ["signature", "bad_signature", "bad_signature"]
    assert [one["authenticity"] for one in (proved, forged, unknown)] == ["aligned", "unverified", "unverified"]


async def test_a_nameserver_that_does_not_answer_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.mail.settling.signatures.LOOKUP_S", 0.2)
    loop = asyncio.get_running_loop()
    silent, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
    port = silent.get_extra_info("sockname")[1]
    found = await asyncio.to_thread(check_signature, SIGNED, "shop.example.cn", dns_lookup([f"127.0.0.1:{port}"]))
    silent.close()
    assert found is Proof.NO_LOOKUP


def test_a_domain_that_does_not_answer_is_not_asked_again_at_once_and_holds_up_no_other() -> None:
    asked: list[str] = []
    now = 0.0

    def look_up(name: str) -> bytes | None:
        asked.append(name)
        if name.endswith("silent.example.cn."):
            raise NoLookup
        return PUBLIC_KEY

    spared = sparing(look_up, lambda: now)
    for selector in ("a", "b", "c"):
        with pytest.raises(NoLookup):
            spared(f"{selector}._domainkey.{selector}.silent.example.cn.")
    assert len(asked) == 1
    assert spared("a._domainkey.shop.example.net.") == PUBLIC_KEY
    now = SPARED_S + 1
    with pytest.raises(NoLookup):
        spared("a._domainkey.silent.example.cn.")
    assert len(asked) == 3


@pytest.mark.parametrize(
    "raw",
    [
        SIGNED + b" " * 200_000,
        SIGNED + (b" " * 15 + b"x") * 60_000,
        SIGNED.replace(b" b=", b" b=" + b" " * 100_000 + b"!", 1),
        SIGNED.replace(b" b=", b" b=" + b"\r\n " * 60_000, 1),
    ],
)
def test_no_signature_takes_long_to_check(raw: bytes) -> None:
    begun = time.process_time()
    assert check_signature(raw, "shop.example.cn", lambda name: PUBLIC_KEY) is not Proof.SIGNATURE
    assert time.process_time() - begun < 5
