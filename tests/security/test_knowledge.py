"""What people type on the knowledge pages is data too, and text that no database takes is refused at the door."""

import time
from urllib.parse import quote, urlencode

from tests.security.house import House, Person
from tests.security.test_injection import RAW, check, unharmed

__all__ = ["unharmed"]

ENTRY = "/console/knowledge/entries/tyre-when"
HOSTILE = [
    "",
    "'",
    "%",
    "_",
    "' UNION SELECT password_hash FROM agent --",
    "99999999999999999999",
    "-1",
    "NaN",
    "../../etc/passwd",
    "\r\nSet-Cookie: owned=1",
    "\x00",
    "\x1b[31m",
    "\ufffe",
    "很" * 1_500,
]
LISTS = "/console/knowledge"
QUERIES = [
    *(
        (LISTS, name)
        for name in ("q", "how", "category", "status", "visibility", "only", "sort", "page", "batch", "done")
    ),
    (f"{LISTS}?how=text", "q"),
    (f"{LISTS}/new", "question"),
    (f"{LISTS}/find", "q"),
    *((f"{ENTRY}/versions", name) for name in ("from", "to")),
    (f"{LISTS}/publications", "before"),
    *((f"{LISTS}/questions", name) for name in ("q", "ask", "after")),
    (f"{LISTS}/words", "list"),
    *((f"{LISTS}/learning", name) for name in ("view", "page", "act", "done")),
    *((f"{LISTS}/learning/questions", name) for name in ("of", "key")),
    (f"{LISTS}/learning/questions?of=topic", "key"),
    ("/console/tickets/{ticket}/entries", "q"),
    ("/help/suggest", "q"),
    ("/help/entries/tyre-when", "heard"),
    ("/help/-", "page"),
]
PARTS = [
    LISTS + "/entries/{}",
    LISTS + "/entries/{}/versions",
    LISTS + "/publications/{}",
    LISTS + "/import/{}",
    LISTS + "/export.{}",
    "/media/{}",
    "/sitemaps/{}.xml",
]
WRITTEN = {
    "id": "fresh",
    "question": "问？",
    "answer": "答。",
    "version": "1",
    "similar": "问吗",
    "related": "tyre-when",
}
DATED = {"valid_from": "2026-01-01", "valid_until": "2026-12-31", "visibility": "internal", "category": "轮胎"}
FORMS: dict[str, dict[str, str]] = {
    f"{LISTS}/new": {**WRITTEN, **DATED, "answer_chat": "答", "internal_note": "注", "then": "submit"},
    f"{ENTRY}/save": {**WRITTEN, **DATED, "note": "改", "then": "publish"},
    f"{ENTRY}/merge": WRITTEN,
    f"{ENTRY}/roll-back": {"version": "1", "to": "1"},
    f"{ENTRY}/publish": {"version": "1"},
    f"{LISTS}/check": WRITTEN,
    f"{LISTS}/preview": {**WRITTEN, "channel": "mail"},
    f"{LISTS}/bulk": {"act": "validity", "all": "/console/knowledge?q=a", **DATED},
    f"{LISTS}/bulk/confirm": {"act": "validity", "seen": "tyre-when@1", "note": "改", **DATED},
    f"{LISTS}/import/1": {"then": "publish"},
    f"{LISTS}/batches/1/undo": {"next": "import"},
    f"{LISTS}/publications": {"publish:tyre-when": "1", "archive:tyre-when": "1", "words:synonyms": "1"},
    f"{LISTS}/publications/x/accept": {"base": "b", "number": "1", "kind": "flipped"},
    f"{LISTS}/questions": {"utterance": "几点开门", "ids": "tyre-when"},
    f"{LISTS}/questions/import": {"lines": '{"query": "几点关门", "id": null}'},
    f"{LISTS}/questions/x": {"version": "1", "ids": "tyre-when"},
    f"{LISTS}/words/stop_words": {"version": "0", "added": "咕噜", "then": "publish"},
    f"{LISTS}/words/synonyms/try": {"version": "0", "added": "甲 乙", "sentence": "甲"},
    f"{LISTS}/words/synonyms/restore": {"version": "0", "to": "0"},
    f"{LISTS}/precision": {"all": "95", "chat": "96", "seen": ""},
    **{
        f"{LISTS}/learning/{name}": {
            "do": "add",
            "topic": "t",
            "entry": "e",
            "message": "m",
            "act": "a",
            "pick/x/y": "1",
        }
        for name in ("topics", "wordings", "disputes", "notes", "undo")
    },
    "/console/tickets/{ticket}/mark": {"message": "m", "entry": "tyre-when"},
    "/console/tickets/{ticket}/entry-change": {"message": "m", "do": "draft"},
    "/console/tickets/{ticket}/reply": {
        "text": "好",
        "last_seen": "1",
        "client_id": "client-0001",
        "inserted": "tyre-when@1",
    },
    "/help/entries/tyre-when/feedback": {"helped": "no", "reason": "wrong"},
}
LINES = [
    '{"query": "\\ud800", "id": null}',
    '{"query": "a\\u0000", "id": null}',
    '{"query": "a", "id": "\\ud800"}',
    '{"query": "", "id": null}',
    '{"query": "' + "很" * 5_000 + '", "id": null}',
    '{"query": "a", "ids": [{"a": 1}]}',
    '{"query": "a", "ids": [' + ",".join(f'"x{number}"' for number in range(30)) + "]}",
    "[" * 50_000,
]


async def test_no_query_of_the_knowledge_pages_is_more_than_a_question(unharmed: House) -> None:
    async with Person(unharmed.url) as editor:
        await editor.log_in(unharmed.staff.supervisor)
        for pattern, name in QUERIES:
            path = pattern.format(ticket=unharmed.bobs_ticket)
            joint = "&" if "?" in path else "?"
            for told in [*(urlencode({name: hostile}) for hostile in HOSTILE), *(f"{name}={raw}" for raw in RAW)]:
                where = f"{path}{joint}{told}"
                check(where, *await editor.get(where), outside=False)


async def test_no_part_of_a_knowledge_address_leads_anywhere_else(unharmed: House) -> None:
    async with Person(unharmed.url) as editor:
        await editor.log_in(unharmed.staff.supervisor)
        for pattern in PARTS:
            for part in [*(quote(hostile, safe="") for hostile in HOSTILE), *RAW]:
                status, text = await editor.get(pattern.format(part), Accept="text/html")
                check(pattern.format(part), status, text, outside=False)


async def test_no_field_of_a_knowledge_form_is_more_than_a_value(unharmed: House) -> None:
    async with Person(unharmed.url) as editor:
        await editor.log_in(unharmed.staff.supervisor)
        for pattern, form in FORMS.items():
            path = pattern.format(ticket=unharmed.bobs_ticket)
            for name in form:
                for hostile in HOSTILE:
                    status, text = await editor.post(path, {**form, name: hostile})
                    check(f"{path} {name} {hostile[:40]!r}", status, text, outside=False)


async def test_a_form_far_too_long_costs_no_more_than_one_that_fits(unharmed: House) -> None:
    rows = "a\n" * 150_000
    async with Person(unharmed.url) as editor:
        await editor.log_in(unharmed.staff.supervisor)
        for path in (f"{ENTRY}/save", f"{ENTRY}/merge", f"{LISTS}/check", f"{LISTS}/preview"):
            for name in ("question", "answer", "similar"):
                begun = time.process_time()
                status, text = await editor.post(path, {**WRITTEN, name: f"{rows}b"})
                check(f"{path} {name}", status, text, outside=False)
                assert time.process_time() - begun < 20, (path, name)


async def test_a_form_in_an_odd_charset_brings_no_lone_surrogate_in(unharmed: House) -> None:
    odd = {"Content-Type": "application/x-www-form-urlencoded; charset=raw_unicode_escape"}
    async with Person(unharmed.url) as editor:
        await editor.log_in(unharmed.staff.supervisor)
        for pattern, form in FORMS.items():
            path = pattern.format(ticket=unharmed.bobs_ticket)
            for name in form:
                fields = {**form, name: "SURROGATE", "csrf": editor.csrf}
                body = urlencode(fields).replace("SURROGATE", "a\\ud800").encode()
                async with editor.session.post(
                    unharmed.url + path, data=body, headers={**odd, "Origin": unharmed.url}, allow_redirects=False
                ) as response:
                    check(f"{path} {name} surrogate", response.status, await response.text(), outside=False)


async def test_a_pasted_label_is_bounded_text(unharmed: House) -> None:
    async with Person(unharmed.url) as editor:
        await editor.log_in(unharmed.staff.supervisor)
        for lines in LINES:
            status, text = await editor.post(f"{LISTS}/questions/import", {"lines": lines})
            check(lines[:60], status, text, outside=False)
            assert status == 422, lines[:60]
