"""Files at the desk: what customers sent stands in the conversation, and what agents upload goes with their reply."""

import io
import json
from typing import Any

from tests.console import cast as people
from tests.fakes import Server
from tests.files import hostile
from tests.gateway.test_files import fetch, send, upload
from tests.security.house import Person, ticket_of


async def put(person: Person, content: bytes, name: str = "a.txt", **headers: str) -> tuple[int, dict[str, Any]]:
    """What the console says to a file of this agent."""
    told = {"X-Fetch": "1", "Origin": person.url, "X-CSRF-Token": person.csrf, "X-File-Name": name, **headers}
    told["Content-Type"] = "application/octet-stream"
    address = f"{person.url}/console/uploads"
    async with person.session.post(address, data=io.BytesIO(content), headers=told) as response:
        return response.status, json.loads(await response.text())


async def test_files_go_both_ways_once_and_by_those_who_uploaded_them(server: Server) -> None:
    staff = await server.database.write(people.hire)
    async with server.page() as page, Person(server.url) as li, Person(server.url) as chen:
        await li.log_in(staff.li)
        await chen.log_in(staff.chen)
        _, picture = await upload(server, page.token, hostile.picture(), "胎纹.png")
        _, paper = await upload(server, page.token, b"%PDF-1.7 ..", "发票.pdf")
        await send(page, picture["id"], paper["id"])
        number = await ticket_of(page)
        ticket = f"/console/tickets/{number}"
        _, html = await li.get(ticket)
        assert 'class="sent-picture"' in html
        assert 'download="发票.pdf"' in html

        assert (await put(li, hostile.SVG))[0] == 415
        assert (await put(li, b"x", **{"X-CSRF-Token": "guessed"}))[0] == 403
        status, item = await put(li, "步骤".encode(), "步骤.txt".encode().decode("latin-1"))
        assert status == 200
        form = {"text": "", "last_seen": "99", "client_id": "client-0001", "files": item["id"]}
        assert (await chen.post(f"{ticket}/reply", form))[0] == 422
        assert (await li.post(f"{ticket}/reply", {**form, "files": ""}))[0] == 422
        assert (await li.post(f"{ticket}/reply", form))[0] == 200
        assert (await li.post(f"{ticket}/reply", form))[0] == 200
        assert (await li.post(f"{ticket}/reply", {**form, "client_id": "client-0002"}))[0] == 422
        said = await page.reads("agent")
        [sent] = said["attachments"]
        response, body = await fetch(sent["url"])
    assert (response.status, body.decode()) == (200, "步骤")
