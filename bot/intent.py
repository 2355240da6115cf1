"""What a message is beside its topic: small talk, a call for a person, anger, a follow-up, several questions.

Everything here reads text already normalised by ``knowledgebase.text.normalise`` (Simplified, half-width, lower
case), so one pattern serves every script. The patterns are the language of customers, not words we say.
"""

import re
from enum import StrEnum


class SmallTalk(StrEnum):
    GREETING = "greeting"
    THANKS = "thanks"
    FAREWELL = "farewell"


# Patterns read only so much of a text, so that no text can make them slow.
LONGEST_SMALL_TALK = 40
LONGEST_READ = 600

_PARTICLES = r"[啊呀哦噢喔嗯呢哈吧吗么啦了哟~,，.。!！?？…、\s]*"
_GREETING = re.compile(
    rf"(?:(?:您好|你好|你们好|大家好|亲|哈喽|哈啰|嗨|嘿|喂|在吗|在不在|在么|有人吗|有人在吗|早上好|上午好|中午好|下午好|晚上好"
    rf"|早安|晚安好|早|客服(?:您好|你好|在吗)?|小云|机器人|hello|hi|hey|good (?:morning|afternoon|evening)){_PARTICLES})+"
)
_THANKS = re.compile(
    rf"(?:(?:好的?|行|可以|嗯嗯?|ok|okay|明白了?|知道了?|懂了|了解了?|收到|解决了|没问题了?|清楚了?){_PARTICLES})*"
    rf"(?:(?:谢谢|多谢|感谢|谢了|非常感谢|太感谢|十分感谢|辛苦|麻烦|thank you|thanks|thx|3q)"
    rf"(?:你们?|您|客服|你的帮助|您的帮助|啦|了|very much|a lot|so much)*{_PARTICLES})+"
    r"|(?:好的|好|行|嗯+|哦+|ok|okay|明白了?|知道了|懂了|了解了?|收到|清楚了)" + _PARTICLES
)
_FAREWELL = re.compile(
    rf"(?:(?:好的?|行|谢谢|多谢){_PARTICLES})*"
    rf"(?:(?:再见|拜拜|拜|回见|回头见|下次见|先这样|就这样|没事了|没有了|没别的了|没其他问题了|不用了|晚安|bye|goodbye|see you)"
    rf"(?:客服|您|你)?{_PARTICLES})+"
)
_OPENING = re.compile(
    rf"^(?:(?:您好|你好|你们好|哈喽|嗨|喂|在吗|在么|早上好|上午好|中午好|下午好|晚上好|亲|客服|hello|hi|hey)(?![a-z])"
    rf"{_PARTICLES})+"
)

_PERSON = r"(?:人工|真人|活人|人工客服|人工服务|客服人员|客服专员|工作人员|专员|坐席|客服小姐姐|客服|人|同事|师傅|经理|领导|负责人)"
_ASKS_PERSON = (
    re.compile(
        r"^(?:转|接|要|找|呼叫|联系|请求|需要|申请)?(?:一下)?(?:人工|真人)(?:客服|服务|坐席)?[吧啊呀谢谢请了!！。.]*$"
    ),
    re.compile(rf"(?:转|转接|接通?|换)(?:到|给|成|个|一个|一下|下)*{_PERSON}(?!费)"),
    re.compile(
        rf"(?:我?(?:要|想|需|请|麻烦|能不能|能否|可以|可不可以|帮我|给我|让我|叫|找){1, 4}"
        rf"(?:跟|和|与|同)?(?:个|一个|一位|位|你们|你们的|的)*"
        rf"(?:人工|真人|活人|客服人员|客服专员|工作人员|坐席))(?!费)(?:客服|服务)?(?:来|说话|聊|沟通|谈|讲|处理|解答|回答|对话|接待|吗|吧|啊|。|!|！|$)"
    ),
    re.compile(
        r"(?:我?(?:要|想|想要)|帮我|给我|请|麻烦|叫|找|联系|换)(?:找|叫|联系|换|见)?(?:个|一个|一位|位|你们)?(?:的)?(?:领导|经理|负责人|主管)"
    ),
    re.compile(r"(?:不想|不要|别|不跟|不和|不愿)(?:再)?(?:跟|和|与|让)?(?:机器人|机器|ai|智能客服|智能)"),
    re.compile(r"(?:你|您|这)(?:是)?(?:不是)?(?:个)?(?:机器人|机器|ai)(?:吧|吗|啊).*(?:人工|真人|人)"),
    re.compile(r"(?:有没有|有)(?:真人|人工|活人)(?:客服|服务)?(?:在|吗|啊|呀|能|可以|$)"),
    re.compile(r"(?:人工|真人)(?:客服|服务)?(?:在哪|在吗|怎么转|怎么找|怎么联系|怎么接|快|呢)"),
    re.compile(r"(?:和|跟|与|找|让)(?:真人|活人|人工|你们的人|你们人)(?:说|聊|谈|沟通|讲|对话|来)?"),
    re.compile(r"\b(?:human|real person|live agent|an agent|representative|operator)\b"),
)

_ANGER = re.compile(
    r"垃圾|骗子|骗人|欺骗|坑人|坑爹|坑钱|黑心|无良|无耻|不要脸|气死|气炸|火大|太过分|过分了|忍无可忍|受够|受不了你们|"
    r"恶心|滚蛋|去死|王八|混蛋|妈的|他妈|tmd|尼玛|sb|傻逼|煞笔|智障|废物|什么破|破车|烂车|什么玩意|什么态度|态度.{0,4}(?:差|恶劣)|"
    r"没人管|不管了是吧|推卸|推诿|踢皮球|互相推|敷衍|糊弄|忽悠|没良心|失望透顶|太失望|极度失望|非常失望|"
    r"曝光|媒体|记者|上微博|发抖音|上热搜|315|12315|12345|工商局|消协|消费者协会|市场监管|起诉|律师|法院|打官司|维权|退车|"
    r"差点出(?:事|人命|车祸)|刹车失灵|自燃|一直没人(?:回|理|联系|接)|没人(?:回|理)我|等了.{0,6}(?:天|周|小时).{0,6}(?:没|还)|"
    r"scam|terrible|awful|furious|ridiculous|lawyer|sue you"
)
_COMPLAINS = re.compile(
    r"(?:我|必须|一定|坚决|现在|就)(?:要|想|得)?(?:正式)?(?:投诉|举报|维权)|(?:要|想)(?:投诉|举报)(?!.{0,4}(?:怎么|如何|流程|渠道|电话|方式|哪))"
    r"|^投诉(?:你们|他们|4s店|门店|服务中心|店)?[!！。.]*$|强烈(?:投诉|不满|谴责)|投诉(?:你们|他们|销售|技师|店员)"
    r"|\b(?:complain|complaint against)\b"
)
_ASKS_HOW = re.compile(r"怎么|如何|哪里|哪儿|什么|多久|多少|流程|渠道|电话|方式|几天|进度|吗|呢|能不能|可以|可不可以")

_CONNECTOR = re.compile(
    r"(?:[,，;；。.!！?？\s]|^)(?:另外|还有就是|还有|此外|顺便问一?下?|再问一?下?|其次|第二|对了)[,，:：\s]*"
)
_SENTENCE_END = re.compile(r"[!！。;；\n]+")
_INTERROGATIVE = re.compile(
    r"[?？]|吗|呢|么$|怎么|如何|咋|什么|啥|哪|谁|几|多少|多久|多长|多大|多远|为什么|为何|是否|能不能|可不可以|可以不|"
    r"要不要|会不会|有没有|是不是|需不需要|行不行|能否|可否|多贵|how|what|when|where|why|which|can i|do i|does|is it"
)
_FOLLOW_UP = re.compile(
    r"^(?:那|那么|那个|那它|它|这个|这|这样|那样|然后|如果|要是|要|会|能|有)?(?:的话)?[,，]?"
    r"(?:大概|一般|具体|又|还|也|都|是|得|需要|要)*"
    r"(?:多少钱|多贵|贵不贵|贵吗|价格|费用|收费|怎么收费|收费吗|要钱吗|免费吗|多久|多长时间|要多久|几天|什么时候|在哪|在哪里|哪里|去哪|"
    r"怎么弄|怎么办|怎么做|怎么操作|怎么申请|怎么预约|为什么|需要什么|要带什么|带什么|什么条件|什么要求|多少|可以吗|行吗|能吗|呢)"
    r"[呢吗啊呀?？]*$"
)
_POINTS_BACK = re.compile(r"^(?:那|那么|那个|它|这个|这种|那种|这样|那样)(?!天|时|边|位|款|台|辆)")
_ENDS_WITH_NE = re.compile(r"^[^,，。?？]{1,10}呢[?？]*$")
_QUESTION_WORDS = re.compile(
    r"多久|多少钱|多少|多长时间|多长|怎么|如何|什么时候|什么|为什么|哪里|哪些|哪|几次|几年|几|是否|可以|能不能|需要|"
    r"吗|呢|[?？]|要不要|一次|一般|应该|怎样|有没有|是"
)
_CONTENT = re.compile(r"[㐀-鿿\U00020000-\U000323af]|[a-z]{2,}")


def small_talk(text: str) -> SmallTalk | None:
    """Which kind of small talk the whole text is, or None if it says anything more."""
    stripped = text.strip()
    if len(stripped) > LONGEST_SMALL_TALK:
        return None
    if _FAREWELL.fullmatch(stripped):
        return SmallTalk.FAREWELL
    if _THANKS.fullmatch(stripped):
        return SmallTalk.THANKS
    if _GREETING.fullmatch(stripped):
        return SmallTalk.GREETING
    return None


def without_opening(text: str) -> str:
    """The text after a polite opening ("您好，…"), or the text itself where nothing else is left."""
    opening = _OPENING.match(text[:LONGEST_SMALL_TALK])
    return (text[opening.end() :] if opening else text) or text


def asks_for_person(text: str) -> bool:
    """Whether the customer wants to talk to a person."""
    return any(pattern.search(text[:LONGEST_READ]) for pattern in _ASKS_PERSON)


def is_angry(text: str) -> bool:
    """Whether the words themselves show anger, or threaten a step outside."""
    return _ANGER.search(text[:LONGEST_READ]) is not None


def complains(text: str) -> bool:
    """Whether the customer makes a complaint, as against asking how one is made."""
    return _COMPLAINS.search(text[:LONGEST_READ]) is not None


def asks_how(text: str) -> bool:
    """Whether the text asks for information."""
    return _ASKS_HOW.search(text[:LONGEST_READ]) is not None


def has_content(text: str) -> bool:
    """Whether there is anything to look up: at least two Chinese characters or a word."""
    found = _CONTENT.findall(text)
    return len(found) >= 2 or any(len(piece) > 1 for piece in found)


def is_follow_up(text: str) -> bool:
    """Whether the text makes sense only with the question before it (「那多少钱?」)."""
    if len(text) > 24:
        return False
    return bool(_FOLLOW_UP.search(text) or _POINTS_BACK.search(text) or _ENDS_WITH_NE.search(text))


def with_topic(previous_question: str, text: str) -> str:
    """A follow-up made whole: the topic of the question before, then what is asked now."""
    topic = _QUESTION_WORDS.sub("", previous_question)
    asked = _POINTS_BACK.sub("", text).strip(" ,，")
    return f"{topic}{asked}"


def questions(text: str) -> list[str]:
    """The separate questions of a message, each with the statement before it; one item if it asks one thing."""
    found: list[str] = []
    context = ""
    for sentence in _SENTENCE_END.split(_mark_ends(_CONNECTOR.sub("\n", text))):
        sentence = sentence.strip(" ,，")
        if not sentence:
            continue
        if _INTERROGATIVE.search(sentence):
            found.append(f"{context}{sentence}")
            context = ""
        else:
            context = f"{context}{sentence}，"
    return found or [text]


def _mark_ends(text: str) -> str:
    """Keep a question mark with its sentence, so that a bare 「轮胎？」 still counts as asked."""
    return re.sub(r"([?？])", r"\1\n", text)
