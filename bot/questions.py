"""What a message asks: its separate questions, each made whole where it leans on the one before it.

Reads text as ``bot.intent.plain`` makes it: normalised, one sentence a line.
"""

import re
from dataclasses import dataclass

MOST_QUESTIONS = 4
LONGEST_FOLLOW_UP = 24

_COURTESY_BEFORE = re.compile(
    r"^(?:(?:您好|你好|你们好|哈喽|嗨|喂|在吗|在么|早上好|上午好|中午好|下午好|晚上好|亲|客服|请问一下|请问|麻烦问一下|想问一下|问一下"
    r"|咨询一下|好的|好吧|嗯+|哦+|谢谢|明白了|知道了|(?:hello|hi|hey|ok|thanks)(?![a-z]))[啊呀哦呢哈吧吗啦了,，.!?~、\s]*+)++"
)
_COURTESY_AFTER = re.compile(
    r"[,，.!\s]{0,4}(?:谢谢(?:您|你|了|啦)?|多谢|麻烦了|辛苦了|thanks|thank you)[!！。.,，\s]*+$"
)

_ASKS = re.compile(
    r"[?？]|吗|呢|么$|怎么|如何|咋|什么|啥|哪|谁|几|多少|多久|多长|多大|多远|多高|为什么|为何|是否|能不能|可不可以|可以不|要不要"
    r"|会不会|有没有|是不是|需不需要|行不行|能否|可否|多贵|贵不贵"
    r"|\b(?:how|what|when|where|why|which|can i|do i|does|is it)\b"
)
# 另外, 还有, 顺便问一下: another question begins.
_AND_ALSO = re.compile(r"(?:^|[,，.\s])(?:另外|还有就是|还有|此外|顺便问一?下?|再问一?下?|其次|第二|对了)[,，:：\s]*+")
_LOOSE_END = re.compile(
    r"[,，、\s]+|(?<=多少钱)(?![一每1])|(?<=吗)|(?<=多久[换做充保]一次)|(?<=多久一次)|(?<=怎么办)|(?<=什么时候[做换去交])(?=[^的])"
)
_COMMA = " ,，.、"
_STOP = "。!；;"
_WORD = re.compile(r"\w")

_LINK = r"(?:那么|那个|那它|那|它|这个|这样|这|那样|然后|如果|要是)?(?:的话)?[,，]?"
_DEGREE = r"(?:大概|一般|具体|一共|总共|最多|最少|又|还|也|都|是|得|需要|要|会|能|有)?(?:要|得)?"
_ASPECT = (
    r"(?:多少钱|多贵|贵不贵|贵吗|价格|价钱|费用|收费|怎么收费|收费吗|要钱吗|免费吗|免费|多久|多长时间|要多久|多久能好|多久能弄好|几天|几天能好|什么时候|什么时候能好"
    r"|(?:在|去)哪[里儿]?(?:可以|能)?[办做弄修换查]?|哪里|怎么弄|怎么办|怎么做|怎么操作|怎么申请|怎么预约|怎么查|为什么|为啥|什么原因|需要什么|需要什么材料|要带什么"
    r"|带什么|带啥|要带啥|什么条件|什么要求|要求|条件|多少|可以吗|行吗|能吗|好吗|要预约吗|需要预约吗"
    r"|how much|how long|why|where|when)"
)
_FRAGMENT = re.compile(rf"{_LINK}{_DEGREE}{_ASPECT}(?:呢|吗|啊|呀|[?？\s])*+")
# 那E40呢, 轮胎呢: the same thing asked of another subject.
_OTHER_SUBJECT = re.compile(
    r"(?:那么|那|换成|如果是|要是|and|what about|how about)? ?([^\s,，。?？][^,，。?？]{0,11}?)"
    r"(?:的话)?(?:呢[?？]{0,3}|\?)"
)
_POINTS_BACK = re.compile(r"^(?:那个|那么|那|它|这个|这种|那种|这样|那样)(?!天|时|边|位|款|台|辆|里|家|么)[,，]?")
_ASKED_PART = re.compile(
    r"(?:一般|大概|要|需要|可以|能|应该)?(?:多久|多少|多长|多大|多高|怎么|如何|什么|为什么|哪|几|是否|可以|能不能|能|要不要|需要|要|有没有|会|支持)"
)
_CODE = re.compile(r"[a-z]{1,3}\d{1,4}(?:[、,和或/ ]+[a-z]{1,3}\d{1,4})*", re.IGNORECASE)
_ASKING_WORDS = re.compile(
    r"多久|多少钱|多少|多长时间|多长|怎么|如何|什么时候|什么|为什么|哪里|哪些|哪|几次|几年|几天|几|是否|可以|能不能|需要|要|应该"
    r"|吗|呢|[?？]|一次|一般|怎样|有没有|免费|收费|是"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a message asks.

    whole: the message as one question, in each reading it allows. parts: its questions, if it surely asks
    several. loose: its questions if it asks several, which only the knowledge base can tell. bare: it leans on
    a question before it, and there is none.
    """

    whole: tuple[str, ...]
    parts: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    bare: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything to look up, each text once."""
        return tuple(dict.fromkeys((*self.whole, *self.parts, *self.loose)))


def asked(text: str, before: str | None = None) -> Asked:
    """What the message asks; before is the question that was answered last."""
    core = without_courtesy(text)
    if _FRAGMENT.fullmatch(core) and before is None:
        return Asked((core,), bare=True)
    if before is not None and is_follow_up(core):
        return Asked(_readings(core, before))
    parts = _apart(core)
    if len(parts) > 1:
        return Asked((core,), parts=_leaning_on_each_other(parts))
    loose = tuple(piece for piece in _LOOSE_END.split(core) if _WORD.search(piece))
    several = 1 < len(loose) <= MOST_QUESTIONS and all(_ASKS.search(piece) for piece in loose)
    return Asked((core,), loose=_leaning_on_each_other(loose) if several else ())


def without_courtesy(text: str) -> str:
    """The text without a polite opening ("您好，…") and a closing thanks, unless nothing else is left."""
    core = _COURTESY_AFTER.sub("", _COURTESY_BEFORE.sub("", text, count=1))
    return core.strip() or text


def is_follow_up(text: str) -> bool:
    """Whether the text makes sense only with the question before it (「那多少钱?」「那E40呢」)."""
    if len(text) > LONGEST_FOLLOW_UP:
        return False
    return bool(_FRAGMENT.fullmatch(text) or _other_subject(text) or _POINTS_BACK.match(text))


def completed(before: str, text: str) -> str:
    """A follow-up made whole: the same question about another subject, or another question about the same."""
    other = None if _FRAGMENT.fullmatch(text) else _other_subject(text)
    if other is not None:
        return _about(other, before)
    topic = _ASKING_WORDS.sub("", before).strip(_COMMA)
    return f"{topic}{_without_pointer(text)}"


def _readings(text: str, before: str) -> tuple[str, ...]:
    """「那多少钱」 says nothing alone; 「那个轮胎多少钱」 may say all there is to say."""
    whole = completed(before, text)
    if _FRAGMENT.fullmatch(text) or _other_subject(text):
        return (whole,)
    return (whole, _without_pointer(text))


def _other_subject(text: str) -> str | None:
    found = _OTHER_SUBJECT.fullmatch(text)
    return None if found is None or _ASKS.search(found[1]) else found[1].strip(_COMMA)


def _without_pointer(text: str) -> str:
    return _POINTS_BACK.sub("", text).strip(_COMMA)


def _about(subject: str, before: str) -> str:
    """The question before, asked about another subject: a model takes the place of the model."""
    if _CODE.fullmatch(subject):
        return _CODE.sub(subject, before, count=1) if _CODE.search(before) else f"{subject}{before}"
    model, wanted = _CODE.match(before), _ASKED_PART.search(before)
    return f"{model[0] if model else ''}{subject}{before[wanted.start() :] if wanted else before}"


def _apart(text: str) -> tuple[str, ...]:
    """The sentences that ask something, each with the statements before it, the last with all that follow."""
    found: list[str] = []
    told = ""
    for sentence in _AND_ALSO.sub("\n", text).split("\n"):
        words = sentence.strip(_COMMA)
        if words and _ASKS.search(words):
            found.append(f"{told}{words}")
            told = ""
        elif words:
            told = f"{told}{words.rstrip(_STOP)}，"
    if len(found) > MOST_QUESTIONS:
        found[MOST_QUESTIONS - 1 :] = ["，".join(found[MOST_QUESTIONS - 1 :])]
    return tuple(found)


def _leaning_on_each_other(parts: tuple[str, ...]) -> tuple[str, ...]:
    """「轮胎多久换? 多少钱?」: a part that says no topic has that of the part before it."""
    whole: list[str] = []
    for part in parts:
        whole.append(completed(whole[-1], part) if whole and is_follow_up(part) else part)
    return tuple(whole)
