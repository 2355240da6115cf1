"""What may be done to an entry, by whom, and where it stands afterwards. Pure."""

from enum import IntEnum, StrEnum

from knowledgebase.errors import ActionNotAllowed
from knowledgebase.model import EntryStatus


class Duty(IntEnum):
    """What somebody may do with entries; each includes what those before it may."""

    READER = 1
    WRITER = 2
    EDITOR = 3


class Action(StrEnum):
    """What can be done to an entry. DISCARD drops what was written since it was published last."""

    EDIT = "edit"
    SUBMIT = "submit"
    SEND_BACK = "send_back"
    PUBLISH = "publish"
    DISCARD = "discard"
    ROLL_BACK = "roll_back"
    ARCHIVE = "archive"
    RESTORE = "restore"


DUTIES = {
    Action.EDIT: Duty.WRITER,
    Action.SUBMIT: Duty.WRITER,
    Action.SEND_BACK: Duty.WRITER,
    Action.PUBLISH: Duty.EDITOR,
    Action.DISCARD: Duty.WRITER,
    Action.ROLL_BACK: Duty.EDITOR,
    Action.ARCHIVE: Duty.EDITOR,
    Action.RESTORE: Duty.EDITOR,
}

_TABLE = {
    EntryStatus.DRAFT: {
        Action.EDIT: EntryStatus.DRAFT,
        Action.SUBMIT: EntryStatus.REVIEW,
        Action.PUBLISH: EntryStatus.PUBLISHED,
        Action.DISCARD: EntryStatus.PUBLISHED,
        Action.ROLL_BACK: EntryStatus.DRAFT,
        Action.ARCHIVE: EntryStatus.ARCHIVED,
    },
    EntryStatus.REVIEW: {
        Action.EDIT: EntryStatus.DRAFT,
        Action.SEND_BACK: EntryStatus.DRAFT,
        Action.PUBLISH: EntryStatus.PUBLISHED,
        Action.DISCARD: EntryStatus.PUBLISHED,
        Action.ROLL_BACK: EntryStatus.DRAFT,
        Action.ARCHIVE: EntryStatus.ARCHIVED,
    },
    EntryStatus.PUBLISHED: {
        Action.EDIT: EntryStatus.DRAFT,
        Action.ROLL_BACK: EntryStatus.DRAFT,
        Action.ARCHIVE: EntryStatus.ARCHIVED,
    },
    EntryStatus.ARCHIVED: {
        Action.RESTORE: EntryStatus.DRAFT,
        Action.ROLL_BACK: EntryStatus.DRAFT,
    },
}


def after(status: EntryStatus, action: Action) -> EntryStatus:
    """Where an entry stands after the action. Raises ActionNotAllowed."""
    try:
        return _TABLE[status][action]
    except KeyError as error:
        raise ActionNotAllowed(f"an entry in status {status} cannot be changed by {action}") from error


def allowed(status: EntryStatus, duty: Duty, is_published: bool) -> tuple[Action, ...]:
    """What somebody of this duty may do to an entry; is_published says that customers get a version of it."""
    return tuple(
        action for action in _TABLE[status] if duty >= DUTIES[action] and (is_published or action is not Action.DISCARD)
    )
