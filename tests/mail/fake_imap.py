"""An IMAP server that misbehaves on request: what no well-kept server does, and what some do."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from typing import Any

from tests.mail.dovecot import PASSWORD


class FakeImap:
    """Enough of IMAP4rev1 to be read by us. Uids count from 1; every switch may be turned at any time."""

    def __init__(self) -> None:
        self.port = 0
        self.mails: dict[int, bytes] = {}
        self.uid_validity = 7
        self.capabilities = "IMAP4rev1"
        self.tells_next_uid = True
        self.demands_id = False
        self.silent_after_login = False
        self.silent_in_the_middle_of = 0
        self.breaks_at: set[int] = set()
        self.refuses: set[int] = set()
        self.refuses_flags = False
        self.vanishing: set[int] = set()
        self.connections = 0
        self.identified_as = ""
        self.asked: list[str] = []
        self.seen: set[int] = set()
        self._open: set[asyncio.StreamWriter] = set()

    def receive(self, *raws: bytes) -> None:
        """Mails arrive."""
        for raw in raws:
            self.mails[max(self.mails, default=0) + 1] = raw

    def settings(self, name: str, **others: Any) -> dict[str, Any]:
        """The settings of a mailbox here that is looked into every tenth of a second."""
        where = {"imap_host": "127.0.0.1", "imap_port": self.port, "imap_security": "none"}
        login = {"username": name, "password": PASSWORD, "smtp_host": "127.0.0.1", "smtp_port": 9}
        return {"name": name, "address": f"{name}@example.com", **where, **login, "poll": 100, **others}

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        self.connections += 1
        self._open.add(writer)
        writer.write(b"* OK at your service\r\n")
        identified = False
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while line := (await reader.readline()).decode().strip():
                tag, _, command = line.partition(" ")
                verb = command.split(" ")[0].upper()
                self.asked.append(command)
                if verb == "ID":
                    identified, self.identified_as = True, command
                if verb in ("SELECT", "EXAMINE") and self.demands_id and not identified:
                    writer.write(f"{tag} NO {verb} Unsafe Login. Please contact kefu@188.com for help\r\n".encode())
                elif not self._answer(writer, tag, verb, command):
                    break
                if verb == "LOGIN" and self.silent_after_login:
                    await reader.read()
                await writer.drain()
        writer.close()
        self._open.discard(writer)

    def _answer(self, writer: asyncio.StreamWriter, tag: str, verb: str, command: str) -> bool:
        """Answer a command; False ends the connection."""
        match verb:
            case "CAPABILITY":
                writer.write(f"* CAPABILITY {self.capabilities}\r\n".encode())
            case "SELECT" | "EXAMINE":
                self._tell_folder(writer)
            case "UID" if command.upper().startswith("UID SEARCH"):
                found = " ".join(str(uid) for uid in self._searched(command))
                writer.write(f"* SEARCH {found}\r\n".encode())
                for uid in self.vanishing:
                    self.mails.pop(uid, None)
            case "UID" if command.upper().startswith("UID FETCH"):
                return self._fetch(writer, tag, command)
            case "UID" if self.refuses_flags:
                writer.write(f"{tag} NO [READ-ONLY] not here\r\n".encode())
                return True
            case "UID":
                self.seen.add(int(command.split(" ")[2]))
            case "LOGOUT":
                writer.write(f"* BYE\r\n{tag} OK gone\r\n".encode())
                return False
        writer.write(f"{tag} OK {verb} done\r\n".encode())
        return True

    def _tell_folder(self, writer: asyncio.StreamWriter) -> None:
        writer.write(f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.uid_validity}] so\r\n".encode())
        if self.tells_next_uid:
            writer.write(f"* OK [UIDNEXT {max(self.mails, default=0) + 1}] so\r\n".encode())

    def _searched(self, command: str) -> list[int]:
        """As servers do: a range that begins above the newest mail is answered with the newest mail."""
        newest = max(self.mails, default=0)
        asked = re.search(r"UID (\d+|\*)(?::(\d+|\*))?$", command)
        assert asked is not None, command
        low, high = sorted(newest if one == "*" else int(one) for one in (asked[1], asked[2] or asked[1]))
        return [uid for uid in self.mails if low <= uid <= high or uid == newest]

    def _fetch(self, writer: asyncio.StreamWriter, tag: str, command: str) -> bool:
        _, _, uids, what = command.split(" ", 3)
        for uid in (int(one) for one in uids.split(",")):
            raw = self.mails.get(uid)
            if raw is None:
                continue
            if "RFC822.SIZE" in what:
                date = '"23-Nov-2026 09:59:00 +0800"'
                writer.write(f"* {uid} FETCH (UID {uid} RFC822.SIZE {len(raw)} INTERNALDATE {date})\r\n".encode())
            elif not self._give(writer, tag, uid, raw, what):
                return uid == self.silent_in_the_middle_of or uid in self.refuses
        writer.write(f"{tag} OK FETCH done\r\n".encode())
        return True

    def _give(self, writer: asyncio.StreamWriter, tag: str, uid: int, raw: bytes, what: str) -> bool:
        """Give out a mail or its header; False where that does not come to its end."""
        if "HEADER" in what:
            raw, name = raw.partition(b"\n\n")[0] + b"\n\n", "BODY[HEADER]"
        elif uid in self.refuses:
            writer.write(f"{tag} NO this mail cannot be read\r\n".encode())
            return False
        else:
            name = "BODY[]"
            broken = uid in self.breaks_at or uid == self.silent_in_the_middle_of
            if broken:
                writer.write(f"* {uid} FETCH (UID {uid} {name} {{{len(raw)}}}\r\n".encode() + raw[: len(raw) // 2])
                return False
        writer.write(f"* {uid} FETCH (UID {uid} {name} {{{len(raw)}}}\r\n".encode() + raw + b")\r\n")
        return True

    def hang_up(self) -> None:
        """End every connection."""
        for writer in tuple(self._open):
            writer.close()


@contextlib.asynccontextmanager
async def fake_imap() -> AsyncIterator[FakeImap]:
    """One that listens."""
    fake = FakeImap()
    server = await asyncio.start_server(fake.talk, "127.0.0.1", 0, limit=1024 * 1024)
    fake.port = server.sockets[0].getsockname()[1]
    yield fake
    server.close()
    fake.hang_up()
