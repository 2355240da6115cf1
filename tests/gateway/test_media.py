"""Pictures of answers: uploaded in the console, shown to whoever has the address, and never as anything else."""

import io

import aiohttp
import pytest
from PIL import Image

from tests.console import cast as people
from tests.fakes import Server
from tests.security.house import Person


def picture_file(kind: str = "PNG") -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (64, 48), (10, 120, 90)).save(target, kind)
    return target.getvalue()


async def upload(person: Person, body: bytes | io.BytesIO, **headers: str) -> tuple[int, dict[str, object]]:
    sent = {"Origin": person.url, "X-Fetch": "1", "X-CSRF-Token": person.csrf, "Content-Type": "image/png", **headers}
    async with person.session.post(person.url + "/console/knowledge/images", data=body, headers=sent) as response:
        return response.status, await response.json()


async def test_an_uploaded_picture_is_shown_on_every_page_and_kept_by_browsers(server: Server) -> None:
    staff = await server.database.write(people.hire)
    async with Person(server.url) as person:
        await person.log_in(staff.li)
        status, told = await upload(person, picture_file())
        assert (status, told["width"], told["height"]) == (200, 64, 48)
        assert await upload(person, picture_file()) == (status, told), "the same picture again has the same address"
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}{told['source']}") as response:
        assert response.status == 200
        assert response.content_type == "image/png"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert "immutable" in response.headers["Cache-Control"]
        assert Image.open(io.BytesIO(await response.read())).size == (64, 48)
        seen = {"If-None-Match": response.headers["ETag"]}
        async with session.get(f"{server.url}{told['source']}", headers=seen) as again:
            assert again.status == 304


async def test_what_is_no_picture_is_refused_in_words(server: Server) -> None:
    staff = await server.database.write(people.hire)
    async with Person(server.url) as person:
        await person.log_in(staff.li)
        status, told = await upload(person, b"<svg onload=alert(1)>")
        assert (status, told["error"]) == (422, "picture_not_a_picture")
        status, told = await upload(person, io.BytesIO(b"\x00" * (10 * 1024 * 1024 + 1)))
        assert (status, told["error"]) == (413, "picture_too_large")


async def test_a_foreign_page_or_one_without_the_token_uploads_nothing(server: Server) -> None:
    staff = await server.database.write(people.hire)
    async with Person(server.url) as person:
        await person.log_in(staff.li)
        assert (await upload(person, picture_file(), Origin="https://evil.example.net"))[0] == 403
        assert (await upload(person, picture_file(), **{"X-CSRF-Token": "x" * 43}))[0] == 403
        assert (await upload(person, picture_file(), **{"X-CSRF-Token": ""}))[0] == 403


@pytest.mark.parametrize("name", ["x.png", "..%2f..%2fapp.py", "%00", "a" * 32 + "-1x1.svg", "A" * 32 + "-1x1.png"])
async def test_no_other_name_leads_anywhere(server: Server, name: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/media/{name}") as response:
        assert response.status == 404
