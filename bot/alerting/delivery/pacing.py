"""How fast a way may send: a bucket that fills slowly and holds little, so that what waits is joined by more. Pure."""

from dataclasses import dataclass, replace

MINUTE_MS = 60_000
BURST = 3
LEAST_FOR_BURST = 12


@dataclass(frozen=True, slots=True)
class Pace:
    """At most so many at once, and one more after each gap (ms)."""

    burst: int
    gap_ms: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many messages might be sent at a moment (epoch ms)."""

    held: float
    at: int


def pace_of(per_minute: int) -> Pace | None:
    """The pace that keeps any minute below so many messages, its burst included; None for 0, no limit."""
    if per_minute <= 0:
        return None
    if per_minute < LEAST_FOR_BURST:
        return Pace(1, MINUTE_MS / per_minute)
    return Pace(BURST, MINUTE_MS / (per_minute - BURST))


def after(last_at: int | None, pace: Pace, now: int) -> Bucket:
    """The bucket of a way whose last message began at last_at, whoever sent it; a full one if it never sent any."""
    return Bucket(pace.burst, now) if last_at is None else Bucket(0, min(last_at, now))


def filled(bucket: Bucket, pace: Pace, now: int) -> Bucket:
    """The bucket at a later moment. A clock that was set back adds nothing."""
    gained = max(0, now - bucket.at) / pace.gap_ms
    return Bucket(min(pace.burst, bucket.held + gained), now)


def taken(bucket: Bucket) -> Bucket:
    """The bucket with one message less."""
    return replace(bucket, held=bucket.held - 1)


def wait_ms(bucket: Bucket, pace: Pace) -> int:
    """How long until the bucket holds a message; 0 if it does."""
    return max(0, int(-(-(1 - bucket.held) * pace.gap_ms // 1)))
