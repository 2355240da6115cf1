"""What a mail asks: its questions, without all that a letter has around them. Pure.

A mail is read line by line: greetings, who writes, closings, signatures and numbers of orders are taken off; items of a
list and sentences that ask something are its questions. Where nothing is asked in so many words, what is told is the
question. No pattern repeats anything inside a repetition, and each reads one sentence of bounded length.
"""

import re
from dataclasses import dataclass, replace

from bot.mail.letters.subjects import without_prefixes
from bot.questions import asked, completed, is_follow_up
from knowledgebase.wording.text import normalise

MOST_QUESTIONS = 6
LONGEST_READ = 6_000
LONGEST_SENTENCE = 300
# Each is looked at in many ways; who writes more of them wants a person.
MOST_SENTENCES = 100
LONGEST_CONTEXT = 40
# Who tells more than this beside the questions has a case of their own, which no entry knows.
LONGEST_STORY = 160
LONGEST_WHOLE = 160
# A subject or a clause of fewer characters names a topic, and asks nothing of it.
SHORTEST_ALONE = 5

_SENTENCE = re.compile(r"[^。！？!?；;]*+[。！？!?；;]++|[^。！？!?；;]++")
_ITEM = re.compile(
    r"\s*+(?:[(（]?(?:\d{1,2}|[一二三四五六七八九十]{1,2})(?:[)）]|[.．、,，:：](?!\d))|第[一二三四五六七八九十]{1,2}(?:个问题)?[,，、:：]"
    r"|[①-⑩]|[-*•·●]\s)\s*+"
)
_ASKS = re.compile(
    r"[?？]|吗|呢|么$|怎么|如何|咋|什么|啥|哪|谁|几(?:天|次|年|个|点|时|号)|多少|多久|多长|多大|多远|多高|为何|是否|能不能"
    r"|可不可以|要不要|会不会|有没有|是不是|需不需要|行不行|能否|可否|多贵"
    r"|^(?:how|what|when|where|why|which|can|could|do|does|is|are|will|should)\b"
    r"|\b(?:how (?:much|long|often|do|can|to)|what is|can i)\b",
    re.IGNORECASE,
)
# A line that is nothing but manners, or tells who writes.
_SALUTATION = re.compile(
    r"(?:尊敬的|亲爱的|敬爱的|dear |hi |hello |hey )[^,，。:：!！?？]{0,24}[,，:：!！。]?"
    r"|(?:[^\s,，。:：!！?？吗呢]{0,12}"
    r"(?:客服|团队|先生|女士|老师|经理|工作人员|小姐|专员|部门|公司|贵司|各位|售后|服务中心))?[,，:：\s]{0,3}"
    r"(?:您好|你好|你们好|大家好|早上好|上午好|中午好|下午好|晚上好|hi|hello|hey"
    r"|(?:good )?(?:morning|afternoon|evening))?"
    r"[,，:：!！。~\s]{0,4}|(?:请问)?(?:在吗|在么|有人吗|有人在吗)[?!,。\s]{0,4}",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^(?:(?:尊敬的|亲爱的)?[^\s,，。:：!！?？]{0,10}?)?(?:您好|你好|你们好|大家好|早上好|上午好|下午好|晚上好)[啊呀]?[,，:：!！。~\s]{1,4}"
    r"|^(?:打扰了?|打扰一下|不好意思|麻烦了|冒昧打扰)[,，!！。\s]{1,4}"
    r"|^(?:另外|还有就是|还有|此外|顺便问一?下?|再问一?下?|其次|最后|首先|对了|also|besides)[,，:：\s]{0,3}"
    r"|^(?:我)?(?:想|想要|需要|希望|来)?(?:请)?(?:咨询|请教|了解|问|请问|确认)(?:一下|下)?(?:贵司|贵公司|你们|您)?[,，:：\s]{0,3}"
    r"|^(?:请问|询问|提问|麻烦问一下|劳驾)(?:一下)?[,，:：\s]{0,3}",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:期待|盼望?|望|等待?|静候|恭候|烦请|麻烦|请|希望|盼)(?:您|你们?|贵司|能|可以|得到|尽快|尽早|早日|及时|的|一下|给我|给个"
    r"|给予|帮忙|帮我)*+(?:回复|回覆|答复|答覆|回音|回信|解答|佳音|告知|看一下|处理)(?:为盼|为感|一下|谢谢|吧|我)?"
    r"|(?:谢谢|多谢|非常感谢|感谢|十分感谢|万分感谢|先谢过|致谢|辛苦|麻烦)(?:您|你|你们|了|啦|大家|各位|贵司|帮忙|您的?|的|帮助|支持"
    r"|理解|解答|回复|回覆)*+"
    r"|此致敬礼|此致|敬礼|顺颂?(?:商祺|时祺|祝)?.{0,6}|(?:祝|恭祝|敬祝|顺祝)(?:您|你|好|贵司|大家|商祺|工作|生活|生意|身体|万事|一切"
    r"|安好|愉快|顺利|健康|兴隆|如意).{0,10}"
    r"|(?:best|kind|warm)?\s?(?:regards|wishes)|sincerely(?: yours)?|yours (?:sincerely|truly|faithfully)|cheers|best"
    r"|(?:many )?thanks(?: a lot| in advance| again)?|thank you(?: very much| so much| in advance)?"
    r"|(?:i )?look(?:ing)? forward to .{0,30}",
    re.IGNORECASE,
)
_PADDING = "，,。.!！~、:：;； \t\u3000—-_*"
_WHO = re.compile(
    r"(?:我是|本人是?|我叫|我的名字是?|这里是)[^?？吗呢怎如何]{0,24}(?:车主|客户|用户|顾客|会员|先生|女士|的|同学|公司|叫)?.{0,10}"
    r"|我(?:是|在)?(?:去年|今年|前年|上个月|上周|\d{2,4}年)?.{0,14}(?:买|购买|购入|提)(?:了|的)?.{0,16}"
    r"|(?:my name is|this is|i am|i'm) .{0,40}",
    re.IGNORECASE,
)
_NUMBERS = re.compile(
    r"(?:我的)?(?:订单号?|单号|工单号?|车架号|车牌号?|手机号?码?|电话|联系方式|联系电话|vin码?|会员号|卡号"
    r"|order(?: number| no\.?| id)?|phone|tel)"
    r"\s?(?:是|为|:|：|#|no\.?)?\s?[a-z0-9\u4e00-\u9fff]?[a-z0-9+()-]{4,32}",
    re.IGNORECASE,
)
_DATE_LINE = re.compile(r"(?:20)?\d{2}[-/.年]\d{1,2}[-/.月]\d{1,2}日?.{0,12}")
_LIST_HEAD = re.compile(
    r".{0,40}(?:如下|以下|下面|几个问题|几点|两个问题|三个问题|这些问题|following|questions?)[^。?？]{0,12}[:：]?"
)
_SEE_SUBJECT = re.compile(
    r"(?:如题|如題|见标题|見標題|见主题|标题就是问题|见上|rt|as (?:per|in) (?:the )?(?:title|subject)|see subject)",
    re.IGNORECASE,
)
_BEGINS_BESIDE = re.compile(r"\s*+(?:另外|还有|此外|顺便|再问|除此之外|also\b|besides\b)", re.IGNORECASE)
_VAGUE = re.compile(
    r"(?:您好|你好|咨询|请教|求助|问题|反馈|反映|意见|建议|关于|客服|售后|产品|一个|一些|几个|有个|有些|个|的|一下|请问|急|紧急|急急急|疑问|我想|想|问|无主题"
    r"|no subject|question|questions|help|inquiry|enquiry|hello|hi|urgent|support|[\s!！?？,，.。()（）【】:：])*+",
    re.IGNORECASE,
)
# It has been tried already, or was told already: another answer from a book does not help.
_TRIED = re.compile(
    r"(?:还是|仍然|依然|依旧|仍|照样|又)(?:不行|没用|没有用|无效|不能|无法|没有?解决|没有?反应|连不上|打不开|不管用|一样|出现|老样子)|(?:都|已经?)(?:试过|试了|重启过|按照?你们)"
    r"|(?:上次|之前|昨天|前几天|上周)(?:你们|客服|打电话|联系|反映|咨询|来信|发邮件|报修|维修|修)|说好的?|答应(?:我|过)|至今|迟迟"
    r"|\bstill (?:not|doesn'?t|does not|can'?t|won'?t)\b|\balready (?:tried|called|asked)\b"
)
# What is told after the last question may be trouble of its own.
_TROUBLE = re.compile(
    r"异响|坏了?|故障|漏|抖|失灵|报警|报错|无法|不能|不了|没有?反应|打不开|连不上|充不|希望|要求|申请|想要?(?:退|换|取消|预约)|退款|退货"
    r"|\b(?:broken|not work|doesn'?t|can'?t|cannot|refund|cancel|noise|error)\b"
)
_NAME = re.compile(r"[\u3400-\u9fff]{2,4}(?:先生|女士|敬上|上)?|[A-Z][a-z]{1,15}(?: [A-Z][a-z.]{0,15}){0,2}")
_SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈蒋沈韩杨朱秦许何吕张孔曹严金魏陶姜谢邹苏潘葛范彭鲁马苗凤俞任袁柳史唐薛雷贺倪汤罗毕郝邬安常于傅卞齐康伍余顾孟黄穆萧尹"
    "姚邵汪毛戴宋庞熊纪舒屈项祝董梁杜阮蓝闵席季贾江郭梅林徐邱骆高夏蔡田樊胡凌霍虞万柯卢莫房丁邓洪包左石崔吉龚程邢裴陆翁曾章侯曲段焦"
    "趙錢孫鄭馮陳蔣韓楊許呂張嚴魏陶謝鄒蘇範魯馬鳳賀倪湯羅畢鄔齊顧黃蕭龐紀項閔賈駱萬盧鄧龔陸葉劉叶刘"
)
_CONTENT = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af]|[a-z]{2,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a mail: as it was written, and the texts to look up for it, each a way to read it.

    loose: its questions if it asks several, which only the knowledge base can tell.
    """

    wording: str
    readings: tuple[str, ...]
    loose: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MailAsked:
    """What a mail asks.

    said: what was written beside manners, normalised, a sentence a line; empty if nothing was. questions: at most
    MOST_QUESTIONS; beyond: the wordings of any others. story: it tells a case of its own, which a person reads.
    polite: it gives thanks or takes leave, whatever else it says.
    """

    said: str
    questions: tuple[Question, ...] = ()
    beyond: tuple[str, ...] = ()
    story: bool = False
    polite: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything to look up, each text once."""
        return tuple(dict.fromkeys(text for one in self.questions for text in (*one.readings, *one.loose)))


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence without manners: as written, as matching reads it, and whether it asks or is an item of a list."""

    wording: str
    read: str
    asks: bool
    item: bool


def read_mail(subject: str, written: str) -> MailAsked:
    """What a mail with this subject asks; subject '' for one that only goes on with what was talked about."""
    sentences = _sentences(written[:LONGEST_READ])
    title = _title(subject)
    said = "\n".join(one.read for one in ((*title, *sentences)))
    polite = _CLOSING.search(normalise(written[:LONGEST_READ])) is not None
    if not sentences:
        return MailAsked(said, tuple(_question(one.wording, one.read) for one in title), polite=polite)
    questions = _questions(sentences)
    if not questions:
        questions = [_told(sentences, title)]
    elif title and title[0].asks and _BEGINS_BESIDE.match(written):
        questions = [_question(title[0].wording, title[0].read), *questions]
    elif title and len(questions) == 1:
        questions = [_with_title(questions[0], title[0])]
    rest = tuple(one.wording for one in questions[MOST_QUESTIONS:])
    return MailAsked(said, tuple(questions[:MOST_QUESTIONS]), rest, _is_long(written) or _is_story(sentences), polite)


def _sentences(written: str) -> list[_Sentence]:
    found: list[_Sentence] = []
    closed_at: int | None = None
    left = MOST_SENTENCES
    for line in written.splitlines():
        item = _ITEM.match(line)
        body = line[item.end() :] if item else line
        if _DATE_LINE.fullmatch(body.strip()):
            continue
        pieces = _SENTENCE.findall(body)[:left]
        left -= len(pieces)
        told = [one for piece in pieces if (one := _sentence(piece, item is not None)) is not None]
        found += _one_item(told) if item else told
        if closed_at is None and any(_is_closing(normalise(piece)) for piece in pieces):
            closed_at = len(found)
    return _without_signature(found, closed_at)


def _one_item(told: list[_Sentence]) -> list[_Sentence]:
    """An item of a list is one question, however many sentences it has, unless several of them ask."""
    if len(told) < 2 or sum(one.asks for one in told) > 1:
        return told
    return [
        _Sentence(
            " ".join(one.wording for one in told),
            "，".join(one.read.rstrip("。.") for one in told),
            told[-1].asks,
            True,
        )
    ]


def _sentence(piece: str, item: bool) -> _Sentence | None:
    """The sentence without manners; None if nothing else is in it."""
    wording = piece.strip()[:LONGEST_SENTENCE]
    core = normalise(wording)
    if _SALUTATION.fullmatch(core) or _is_closing(core):
        return None
    core = _NUMBERS.sub("", core)
    for _ in range(3):
        core = _OPENING.sub("", core, count=1).strip(" ,")
    core = _without_thanks(core)
    if not _CONTENT.search(core) or _SEE_SUBJECT.fullmatch(core.strip(_PADDING)) or (not item and _is_aside(core)):
        return None
    return _Sentence(wording, core, _ASKS.search(core) is not None, item)


def _is_closing(text: str) -> bool:
    """Whether it is made of closings alone, as 「谢谢，盼复！」 is."""
    bare = _CLOSING.sub("", text).strip(_PADDING)
    return not bare


def _without_thanks(text: str) -> str:
    """Without thanks and the like at its end."""
    for _ in range(3):
        head, comma, tail = text.rpartition(",")
        if not comma or not tail.strip(_PADDING) or not _is_closing(tail):
            break
        text = head
    return text


def _is_aside(core: str) -> bool:
    """Whether it tells who writes, or that a list comes, and asks nothing."""
    if _LIST_HEAD.fullmatch(core) and (core.rstrip()[-1:] in ":：" or not _ASKS.search(core)):
        return True
    return _WHO.fullmatch(core.rstrip("。.！!")) is not None and not _ASKS.search(core)


def _without_signature(found: list[_Sentence], closed_at: int | None) -> list[_Sentence]:
    """Without a name or two at the end: after a closing whatever may be one, elsewhere what surely is one."""
    while found and not found[-1].asks and not found[-1].item:
        bare = found[-1].wording.strip(_PADDING)
        closed = closed_at is not None and len(found) > closed_at
        surely = (bool(bare) and bare[0] in _SURNAMES) or bare.isascii()
        if not _NAME.fullmatch(bare) or not ((closed and closed_at) or (surely and (closed or len(found) > 1))):
            break
        found = found[:-1]
    return found


def _title(subject: str) -> tuple[_Sentence, ...]:
    """The subject, if it says anything."""
    core = without_prefixes(subject)[:LONGEST_SENTENCE]
    if _VAGUE.fullmatch(core):
        return ()
    found = _sentence(core, False)
    return (found,) if found else ()


def _questions(sentences: list[_Sentence]) -> list[Question]:
    """The sentences that ask and the items of lists, each with what was told before it as another reading."""
    found: list[Question] = []
    before: str = ""
    told = ""
    for one in sentences:
        if not one.asks and not one.item:
            told = f"{told}{one.read.rstrip('。.!；;')}，"
            continue
        whole = completed(before, one.read) if before and not told and is_follow_up(one.read) else one.read
        context = (f"{told}{whole}",) if told and len(told) <= LONGEST_CONTEXT else ()
        found.append(_question(one.wording, *context, whole))
        before, told = whole, ""
    if found and _TROUBLE.search(told):
        found.append(_question(told.rstrip("，"), told.rstrip("，")))
    listed = sum(one.item for one in sentences)
    return found if listed > 1 or any(one.asks for one in sentences) else []


def _question(wording: str, *readings: str) -> Question:
    """A question with the last of its readings taken apart; what it asks may stand behind a comma."""
    core = readings[-1]
    last = core.rpartition(",")[2].strip()
    behind = (last,) if last != core and len(last) >= SHORTEST_ALONE and _ASKS.search(last) else ()
    loose = asked(core).loose
    return Question(wording, tuple(dict.fromkeys((*readings, *(() if loose else behind)))), loose)


def _told(sentences: list[_Sentence], title: tuple[_Sentence, ...]) -> Question:
    """A mail that asks nothing in so many words: what it tells is the question, and so is its subject."""
    whole = "，".join(one.read.rstrip("。.!；;") for one in sentences)
    readings = [whole] if len(whole) <= LONGEST_WHOLE else []
    readings += [one.read for one in title]
    readings += [one.read for one in sentences[:1]] if len(sentences) > 1 else []
    return Question(sentences[0].wording, tuple(dict.fromkeys(readings or [sentences[0].read])))


def _with_title(question: Question, title: _Sentence) -> Question:
    """A lone question under a subject: the subject may be what it is about, or the question itself."""
    alone = (title.read,) if title.asks or len(title.read) >= SHORTEST_ALONE else ()
    about = () if title.asks else (f"{title.read}，{question.readings[-1]}",)
    return replace(question, readings=tuple(dict.fromkeys((*question.readings, *alone, *about))))


def _is_long(written: str) -> bool:
    return sum(len(_SENTENCE.findall(line)) for line in written[:LONGEST_READ].splitlines()) > MOST_SENTENCES


def _is_story(sentences: list[_Sentence]) -> bool:
    told = sum(len(one.read) for one in sentences if not one.asks and not one.item)
    return told > LONGEST_STORY or any(_TRIED.search(one.read) for one in sentences)
