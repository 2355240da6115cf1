"""When an answer is due, what counts as one, and when the next alert follows. Pure; times are epoch ms."""

import unicodedata

from tickets.model import Author, MessageKind
from tickets.policies import Level, ReplyPolicy

# Words that ask for patience or say that a message arrived. Told apart from an answer by being all there is.
_HOLDING = frozenset({
    "收到", "已收到", "好的收到", "收到了", "收到谢谢", "您好收到", "您的消息已收到", "已收到您的消息", "已受理",
    "已记录", "已登记", "已反馈", "已经反馈", "好的", "好", "嗯", "嗯嗯", "ok", "okay", "您好", "你好", "在的", "在",
    "请稍候", "请稍后", "请稍等", "稍等", "稍候", "稍后", "等一下", "请等一下", "等一等", "请等一等", "稍等一下",
    "请稍等一下", "请稍等片刻", "请稍候片刻", "稍等片刻", "请您稍等", "您稍等", "请您稍候", "麻烦稍等", "麻烦您稍等",
    "马上", "马上来", "马上处理", "马上为您处理", "正在处理", "正在处理中", "处理中", "正在核实", "正在核实中",
    "正在查询", "正在查询中", "正在为您查询", "正在为您查", "正在为您处理", "正在为您核实", "我查一下", "我看一下",
    "我看看", "我核实一下", "我问一下", "我帮您查一下", "我帮您看一下", "帮您查一下", "帮您看看", "这边帮您查一下",
    "我这边帮您查一下", "这边看一下", "这边核实一下", "稍后回复您", "稍后回复", "稍后给您回复", "稍后答复您",
    "请耐心等待", "请您耐心等待", "请耐心等候", "感谢您的耐心等待", "谢谢您的耐心等待", "辛苦您稍等",
    "pleasewait", "onemoment", "onemomentplease", "justamoment", "justamomentplease", "received", "gotit", "holdon",
    "amomentplease", "letmecheck", "illcheck", "illgetbacktoyou", "pleasehold",
})  # fmt: skip
_FILLER = ("哈", "呢", "啊", "呀", "哦", "噢", "喔", "吧", "了", "的", "哟", "～")
_LONGEST_HOLDING = 40


def due_at(started_at: int, policy: ReplyPolicy) -> int:
    """The moment by which a wait that began at started_at has to be answered."""
    return started_at + policy.budget_ms


def first_alert_at(started_at: int, policy: ReplyPolicy) -> int:
    """When the first level of the chain is to be raised for a wait that began at started_at."""
    return due_at(started_at, policy) + policy.levels[0].after_ms


def level_at(level: int, policy: ReplyPolicy) -> Level:
    """The step of the chain for a level number counted from 1; past the end it is the last step again."""
    return policy.levels[min(level, len(policy.levels)) - 1]


def next_alert_at(level: int, raised_at: int, policy: ReplyPolicy) -> int:
    """When the alert that follows this level is planned, counted from the moment this one was raised."""
    if level < len(policy.levels):
        return raised_at + policy.levels[level].after_ms
    return raised_at + policy.repeat_ms


def is_late(planned_at: int, raised_at: int, policy: ReplyPolicy) -> bool:
    """Whether an alert came so long after its planned moment that people must be told."""
    return raised_at - planned_at > policy.late_after_ms


def is_answer(author: Author, kind: MessageKind) -> bool:
    """Whether a message of ours says something that a contact may have waited for.

    The bot's asking back counts; it still cannot stop a clock that needs a person (clocks.stop sees to that).
    """
    match author:
        case Author.AGENT:
            return kind not in (MessageKind.HOLDING, MessageKind.NOTICE)
        case Author.BOT:
            return kind in (MessageKind.ANSWER, MessageKind.CLARIFY, MessageKind.SMALL_TALK, MessageKind.TEXT)
        case Author.CONTACT:
            return False


def is_holding(text: str) -> bool:
    """Whether the text only asks for patience or confirms arrival, such as 「请稍候」 or 「收到」."""
    if len(text) > _LONGEST_HOLDING:
        return False
    parts = _parts(text)
    return bool(parts) and all(_is_holding_part(part) for part in parts)


def _parts(text: str) -> list[str]:
    """The clauses of a short text in lower case, letters and digits only."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("'", "").replace("’", "").replace(" ", "")
    spaced = "".join(char if char.isalnum() else " " for char in folded)
    return spaced.split()


def _is_holding_part(part: str) -> bool:
    while part not in _HOLDING:
        if not part.endswith(_FILLER):
            return False
        part = part[:-1]
    return True
