"""What a monitor may see: counts of this process since its start, and how the database stands at the scrape."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.decide import Answer, Clarify, Decision, HandOff, OfferPerson, Say, Silence
from storage import outbox
from storage.database import Transaction
from tickets.escalation.figures import Alerting, alerting
from tickets.escalation.ways import Ways
from tickets.figures import Figures, figures
from tickets.mail import inbox, mailboxes

ANSWER_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
KINDS = ("answer", "clarify", "handoff", "offer_person", "say", "silence")


@dataclass(frozen=True, slots=True)
class Standing:
    """The part of the metrics that the database knows. depths: (topic, 'queued' or 'dead', rows).

    mails: ('waiting' or 'quarantined', mails); unread: (mailbox, seconds since it was last seen whole). alerting: how
    people are told.
    """

    figures: Figures
    depths: tuple[tuple[str, str, int], ...]
    mails: tuple[tuple[str, int], ...] = ()
    unread: tuple[tuple[str, float], ...] = ()
    alerting: Alerting = field(default_factory=Alerting)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the chosen encoder does: whether it gives vectors, and how many of those wanted are there."""

    is_up: bool
    ready: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Scrape:
    """How things stand right now. standing is None while the database cannot be read; encoding is None without an
    encoder that could fail."""

    standing: Standing | None
    pages: int
    entries: int
    round_ages: dict[str, float]
    encoding: Encoding | None = None


def stand(tx: Transaction, ways: Ways, now: int) -> Standing:
    """Everything that the database knows, of one moment."""
    unread = tuple((name, max(0, now - at) / 1000) for name, at in mailboxes.looked_at(tx))
    depths, mails = tuple(outbox.depths(tx)), tuple(inbox.depths(tx))
    return Standing(figures(tx, now), depths, mails, unread, alerting(tx, ways, now))


class Metrics:
    """The counters of this process. Lives as long as the server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._accepted = Counter(
            "yingsheng_messages_accepted", "Customers' messages committed and acknowledged.", registry=self._registry
        )
        self._decisions = Counter(
            "yingsheng_decisions", "Decisions about customers' messages.", ["kind"], registry=self._registry
        )
        self._answer_seconds = Histogram(
            "yingsheng_answer_seconds",
            "From the commit of a customer's message to the commit of the bot's reply.",
            buckets=ANSWER_SECONDS,
            registry=self._registry,
        )
        self._mails = Counter("yingsheng_mails_taken", "Mails taken in.", ["mailbox"], registry=self._registry)
        for kind in KINDS:
            self._decisions.labels(kind)

    def accepted(self) -> None:
        """A message was committed for the first time."""
        self._accepted.inc()

    def mail_taken(self, mailbox: str) -> None:
        """A mail was committed for the first time."""
        self._mails.labels(mailbox).inc()

    def decided(self, decision: Decision, waited_ms: int) -> None:
        """A message was decided about this long after it was accepted."""
        self._decisions.labels(kind_of(decision)).inc()
        self._answer_seconds.observe(max(0, waited_ms) / 1000)

    def text(self, scrape: Scrape) -> bytes:
        """Everything in Prometheus's text format (https://prometheus.io/docs/instrumenting/exposition_formats/)."""
        now = CollectorRegistry()
        now.register(_Gauges(scrape))
        return generate_latest(self._registry) + generate_latest(now)


def kind_of(decision: Decision) -> str:
    """One of KINDS."""
    match decision:
        case Answer():
            return "answer"
        case Clarify():
            return "clarify"
        case HandOff():
            return "handoff"
        case OfferPerson():
            return "offer_person"
        case Say():
            return "say"
        case Silence():
            return "silence"


class _Gauges(Collector):
    def __init__(self, scrape: Scrape) -> None:
        self._scrape = scrape

    def collect(self) -> Iterable[Metric]:
        scrape = self._scrape
        yield _gauge("yingsheng_storage_up", "1 if the database could be read at this scrape.", bool(scrape.standing))
        yield _gauge("yingsheng_connected_pages", "Chat pages connected now.", scrape.pages)
        yield _gauge("yingsheng_knowledge_entries", "Published entries in the knowledge base in force.", scrape.entries)
        ages = GaugeMetricFamily(
            "yingsheng_worker_round_age_seconds", "Since the loop last went round.", labels=["worker"]
        )
        for worker, age in sorted(scrape.round_ages.items()):
            ages.add_metric([worker], age)
        yield ages
        if scrape.encoding is not None:
            yield from _of_encoder(scrape.encoding)
        if scrape.standing is not None:
            yield from _of_database(scrape.standing)


def _of_encoder(told: Encoding) -> Iterator[Metric]:
    yield _gauge("yingsheng_encoder_up", "1 if the chosen encoder gave vectors when last asked.", told.is_up)
    yield _gauge("yingsheng_vectors_ready", "Texts that have their vector.", told.ready)
    yield _gauge("yingsheng_vectors_wanted", "Texts that need one.", told.wanted)


def _of_database(standing: Standing) -> Iterator[Metric]:
    told = standing.figures
    yield _gauge("yingsheng_tickets_live", "Tickets that are neither resolved nor closed.", told.live_tickets)
    yield _gauge("yingsheng_waits_overdue", "Customers waiting past the promised time.", told.overdue)
    yield _gauge("yingsheng_alerts_open", "Alerts that nobody has acknowledged.", told.open_alerts)
    yield _gauge("yingsheng_messages_undecided", "Accepted messages without a decision.", told.undecided)
    rows = GaugeMetricFamily("yingsheng_outbox_rows", "Things to send, by topic and state.", labels=["topic", "state"])
    for topic, state, held in standing.depths:
        rows.add_metric([topic, state], held)
    yield rows
    mails = GaugeMetricFamily("yingsheng_mails", "Mails that have not become messages, by state.", labels=["state"])
    for state, held in standing.mails:
        mails.add_metric([state], held)
    yield mails
    unread = GaugeMetricFamily(
        "yingsheng_mailbox_age_seconds", "Since the mailbox was last seen whole.", labels=["mailbox"]
    )
    for mailbox, seconds in standing.unread:
        unread.add_metric([mailbox], seconds)
    yield unread
    yield from _of_alerting(standing.alerting)


def _of_alerting(told: Alerting) -> Iterator[Metric]:
    yield _gauge("yingsheng_alerts_unreached", "Open alerts that have reached nobody yet.", told.unreached)
    yield _gauge(
        "yingsheng_sweep_lateness_seconds",
        "How long the step of a chain that is due longest has not been raised.",
        told.lateness_seconds,
    )
    notices = GaugeMetricFamily(
        "yingsheng_notices", "Messages to people of the last 24 hours.", labels=["transport", "state"]
    )
    for transport, state, held in told.notices:
        notices.add_metric([transport, state], held)
    yield notices
    up = GaugeMetricFamily(
        "yingsheng_transport_up", "0 if the way is closed or failed the last time it was used.", labels=["transport"]
    )
    for transport, works in told.working:
        up.add_metric([transport], float(works))
    yield up


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=float(value))
