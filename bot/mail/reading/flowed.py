"""Text in format=flowed made lines again (RFC 3676). Pure."""


def unflowed(text: str, delete_space: bool) -> str:
    """text with its soft line ends taken out; quotes keep their signs, each paragraph its own line."""
    done: list[str] = []
    pending: list[str] = []
    depth = 0
    for line in text.split("\n"):
        content = line.lstrip(">")
        quoted = len(line) - len(content)
        content = content.removeprefix(" ")
        if pending and (quoted != depth or content == "-- "):
            done.append(_quoted("".join(pending), depth))
            pending = []
        depth = quoted
        if content.endswith(" ") and content != "-- ":
            pending.append(content[:-1] if delete_space else content)
        else:
            done.append(_quoted("".join([*pending, content]), depth))
            pending = []
    if pending:
        done.append(_quoted("".join(pending), depth))
    return "\n".join(done)


def _quoted(line: str, depth: int) -> str:
    return f"{'>' * depth} {line}".rstrip() if depth else line
