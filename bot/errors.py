"""What the edge refuses."""


class BotError(Exception):
    """Base of everything that bot raises."""


class ConfigError(BotError):
    """The settings cannot be used. problems lists every one of them, a sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class FrameError(BotError):
    """A frame that cannot be accepted; code is one of docs/protocol.md, told to whoever sent it."""

    def __init__(self, code: str, *, client_message_id: str | None = None, retry_after: float | None = None):
        super().__init__(code)
        self.code = code
        self.client_message_id = client_message_id
        self.retry_after = retry_after


class LetterUnwritable(BotError):
    """What a mail of ours says cannot be written as a mail; no later attempt will do better."""
