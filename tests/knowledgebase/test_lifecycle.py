"""What may be done to an entry, by whom, and where it stands afterwards."""

import pytest

from knowledgebase.authoring.lifecycle import Action, Duty, after, allowed
from knowledgebase.errors import ActionNotAllowed
from knowledgebase.model import EntryStatus

DRAFT, REVIEW, PUBLISHED, ARCHIVED = EntryStatus


@pytest.mark.parametrize(
    ("status", "action", "expected"),
    [
        (DRAFT, Action.EDIT, DRAFT),
        (DRAFT, Action.SUBMIT, REVIEW),
        (DRAFT, Action.PUBLISH, PUBLISHED),
        (REVIEW, Action.EDIT, DRAFT),
        (REVIEW, Action.SEND_BACK, DRAFT),
        (REVIEW, Action.PUBLISH, PUBLISHED),
        (REVIEW, Action.DISCARD, PUBLISHED),
        (PUBLISHED, Action.EDIT, DRAFT),
        (PUBLISHED, Action.ROLL_BACK, DRAFT),
        (PUBLISHED, Action.ARCHIVE, ARCHIVED),
        (ARCHIVED, Action.RESTORE, DRAFT),
    ],
)
def test_an_entry_goes_where_the_table_says(status: EntryStatus, action: Action, expected: EntryStatus) -> None:
    assert after(status, action) is expected


@pytest.mark.parametrize(
    ("status", "action"),
    [
        (DRAFT, Action.RESTORE),
        (DRAFT, Action.SEND_BACK),
        (REVIEW, Action.SUBMIT),
        (PUBLISHED, Action.PUBLISH),
        (PUBLISHED, Action.SUBMIT),
        (ARCHIVED, Action.EDIT),
        (ARCHIVED, Action.PUBLISH),
        (ARCHIVED, Action.ARCHIVE),
    ],
)
def test_anything_else_is_refused(status: EntryStatus, action: Action) -> None:
    with pytest.raises(ActionNotAllowed, match=f"status {status}"):
        after(status, action)


@pytest.mark.parametrize(
    ("status", "duty", "expected"),
    [
        (DRAFT, Duty.READER, set()),
        (DRAFT, Duty.WRITER, {Action.EDIT, Action.SUBMIT}),
        (PUBLISHED, Duty.WRITER, {Action.EDIT}),
        (ARCHIVED, Duty.WRITER, set()),
        (REVIEW, Duty.EDITOR, {Action.EDIT, Action.SEND_BACK, Action.PUBLISH, Action.ROLL_BACK, Action.ARCHIVE}),
        (ARCHIVED, Duty.EDITOR, {Action.RESTORE, Action.ROLL_BACK}),
    ],
)
def test_what_somebody_may_do_follows_from_the_duty(status: EntryStatus, duty: Duty, expected: set[Action]) -> None:
    assert set(allowed(status, duty, is_published=False)) == expected


def test_only_what_customers_get_can_take_the_place_of_a_draft() -> None:
    assert Action.DISCARD in allowed(DRAFT, Duty.WRITER, is_published=True)
