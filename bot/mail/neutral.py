"""A mail in the neutral form that `main.py parse-mail` prints, for programs outside. Pure."""

from typing import Any

from bot.mail.model import Mail
from bot.mail.standing import judge


def neutral_form(file: str, mail: Mail) -> dict[str, Any]:
    """What JSON tells of a mail: addresses lower-case, message ids without angles, sizes in decoded bytes."""
    standing = judge(mail)
    first = mail.senders[0] if mail.senders else None
    return {
        "file": file,
        "from": first.address if first else "",
        "from_name": first.name if first else mail.first("from") or "",
        "to": [mailbox.address for mailbox in mail.to],
        "subject": mail.subject,
        "message_id": mail.message_id or "",
        "in_reply_to": next(iter(mail.in_reply_to), ""),
        "references": list(mail.references),
        "body_text": mail.text,
        "reply_text": mail.written,
        "is_auto_reply": standing.is_auto_reply,
        "is_bounce": standing.is_bounce,
        "is_list": standing.is_list,
        "must_not_answer": standing.must_not_answer,
        "reason": standing.reason.value,
        "attachments": [
            {"name": part.name, "content_type": part.content_type, "size": len(part.content)} for part in mail.parts
        ],
        "error": mail.error,
    }
