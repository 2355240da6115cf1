"""An invitation (RFC 5545) as the few lines that a person needs; nothing of it is ever accepted. Pure."""

import re

_LINE = re.compile(r"(SUMMARY|DTSTART|DTEND|LOCATION|DESCRIPTION)((?:;[^:\n]*)?):(.*)")
_ZONE = re.compile(r";TZID=\"?([^;\":]+)", re.IGNORECASE)
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z?))?")
_ESCAPES = {"n": "\n", "N": "\n"}
_MOST_LINES = 2_000


def invitation_text(calendar: str) -> str:
    """What the first event is, when and where; '' if there is none."""
    lines = re.sub(r"\n[ \t]", "", calendar.replace("\r\n", "\n")).split("\n")[:_MOST_LINES]
    _, event, rest = "\n".join(lines).partition("BEGIN:VEVENT")
    found: dict[str, str] = {}
    for line in rest.partition("END:VEVENT")[0].split("\n") if event else ():
        match = _LINE.fullmatch(line.strip())
        if match:
            found.setdefault(match[1], _shown(match[1], match[2], match[3]))
    when = " – ".join(found[name] for name in ("DTSTART", "DTEND") if name in found)
    told = [found.get("SUMMARY", ""), when, found.get("LOCATION", ""), found.get("DESCRIPTION", "")]
    return "\n".join(each for each in told if each)


def _shown(name: str, parameters: str, value: str) -> str:
    if not name.startswith("DT"):
        return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), value).strip()
    time = _TIME.fullmatch(value.strip())
    if time is None:
        return value.strip()
    year, month, day, hour, minute, _second, utc = time.groups()
    clock = f" {hour}:{minute}" if hour else ""
    zone = _ZONE.search(parameters)
    return f"{year}-{month}-{day}{clock}" + (" UTC" if utc else f" {zone[1]}" if zone and clock else "")
