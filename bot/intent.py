"""What a customer wants beside information: a person, help in danger, redress, or just to be polite.

Everything here reads text as ``plain`` makes it (Simplified, half-width, lower case, one sentence a line), so one
pattern serves every script. The words are those of customers, never words that we say. Each pattern reads one line
of bounded length and repeats nothing inside a repetition, so that no text can make it slow.
"""

import re
from enum import StrEnum

from knowledgebase.wording.text import normalise


class Wish(StrEnum):
    """What is wanted; a message that only asks something has none."""

    DANGER = "danger"
    ANGER = "anger"
    COMPLAINT = "complaint"
    PERSON = "person"
    IDENTITY = "identity"
    FAREWELL = "farewell"
    THANKS = "thanks"
    GREETING = "greeting"
    ACKNOWLEDGEMENT = "acknowledgement"
    NOTHING = "nothing"


LONGEST_SMALL_TALK = 40
# Of a longer text we read the beginning and the end: what is wanted stands there, and reading takes time.
LONGEST_READ = 600

_SENTENCE = re.compile(r"[^\n。！？!?；;]*+[\n。！？!?；;]++|[^\n。！？!?；;]++")


def plain(text: str) -> str:
    """The text as everything here reads it: each sentence normalised, on a line of its own; of a text longer
    than LONGEST_READ, half of that from either end."""
    half = LONGEST_READ // 2
    read = text if len(text) <= LONGEST_READ else f"{text[:half]}\n{text[-half:]}"
    sentences = (normalise(sentence) for sentence in _SENTENCE.findall(read))
    return "\n".join(sentence for sentence in sentences if sentence)


def wish(text: str) -> Wish | None:
    """What the customer wants beside information; the weightiest, if there are several."""
    lines = text.split("\n")
    if any(_is_danger(line) for line in lines):
        return Wish.DANGER
    if any(_ANGER.search(line) for line in lines):
        return Wish.ANGER
    if any(_COMPLAINT.search(line) for line in lines):
        return Wish.COMPLAINT
    if any(_calls_person(line) for line in lines):
        return Wish.PERSON
    if _IDENTITY.search(text[:LONGEST_SMALL_TALK]):
        return Wish.IDENTITY
    return _small_talk(text) or (None if has_content(text) else Wish.NOTHING)


# --- A person ---------------------------------------------------------------------------------------------------

_REAL = (
    "人工|真人|活人|大活人|真实的人|客服人员|客服专员|客服代表|客服小姐姐|客服小哥|人工客服|工作人员|坐席|座席|值班人员"
)
_DESK = "在线客服|客服|客户经理|专员|专人"
_BOSS = "经理|领导|主管|负责人|老板|店长|上级|上司|管事的|说了算的|能做主的"
_TURN = "转接|转到|转给|转回|转去|转至|转|接通|接入|接到|接给|接|切换|切到|切|换成|换到|换|呼叫|唤醒"
_SEEK = "联系|呼叫|找|叫|喊|见|揾|来|换|要|想要|需要|申请|请求|连线"
_TALK = "对话|沟通|说话|说|聊聊|聊天|聊|谈谈|谈|讲话|讲|交流|反映|反馈|通话|打电话"
_A = "(?:一下下|一下|下|给我|帮我|我|个|一个|一位|位|名|一名|你们的|你们店的|你们店|你们|你|咱们|的|在线|到|去|回)"
_END = r"(?:[吧啊呀哦呢哈嘛吖啦了么谢行好可以请快\s,.!?~、…]|谢谢|行吗|好吗|可以吗|麻烦|马上|立刻|赶紧|现在)*+"

# 人工费, 人工智能, 人工客服几点上班: about staff or work by hand, no call for a person.
_ABOUT_STAFF = re.compile(
    r"人工(?:智能|费|成本|工时|驾驶|洗车|检测|审核|湖|皮|合成|呼吸|保养|换挡|操作|贴膜|打蜡|喷漆|养护|换|收费"
    r"|多少|要多少|贵)"
    rf"|(?:{_REAL}|{_DESK}|{_BOSS})(?:服务|的|客服)?(?:电话|热线|号码|邮箱|微信|工作时间|上班|下班|在线时间"
    rf"|服务时间|值班时间|几点|时间|工资|态度)"
    rf"|(?:要|需要|用|需不需要|要不要|用不用|是不是要|必须|一定要|得|可以不|会有|有没有人|会)(?:先)?(?:找|联系"
    rf"|叫|去找|给|打给)?(?:店里的|店里|你们的?|个)?(?:{_REAL}|{_DESK}|{_BOSS})"
    r"(?:陪同|签字|同意|确认|在场|帮忙|协助|批准|开门|操作|安装|验车|陪)?(?:吗|么|不|嘛)?\?*$(?<=[吗么不嘛?])"
)
_GAP = re.compile(r"(?<=[㐀-鿿]) +(?=[㐀-鿿])")
# 不用转人工: a call taken back, or never made.
_NOT_CALLED = re.compile(
    rf"(?:不用|不需要|不必|无需|没必要|先不|先别|别|不要|不想|取消|不)(?:再|给我|帮我|麻烦|急着|了)?"
    rf"(?:{_TURN}|{_SEEK})?(?:了)?(?:{_A}){{0,2}}(?:{_REAL})"
)
_CALLS_PERSON = (
    # 人工 · 人工客服!!! · 人工人工人工 · 找客服 · 转人工谢谢
    re.compile(
        rf"^(?:你好|您好|喂|请|麻烦|我|帮我|给我|快|赶紧|马上|直接|,|\s)*+(?:我要|我想|要|想|能|可以)?(?:{_TURN}"
        rf"|{_SEEK})?(?:{_A}){{0,2}}"
        rf"(?:人工|真人|活人)(?:客服|服务|坐席|座席|专员|电话|人工|真人|台)*+{_END}$"
    ),
    re.compile(
        rf"^(?:我要|我想|请|麻烦|帮我|给我|,)*+(?:{_TURN}|联系|找|呼叫|叫|揾|要)(?:{_A}){{0,2}}(?:{_DESK}){_END}$"
    ),
    # 转人工 · 帮我转接一下你们经理 · 转专员
    re.compile(rf"(?:{_TURN})(?:{_A}){{0,3}}(?:{_REAL}|{_BOSS}|客服|专员)(?!费|智能|驾驶|检测|换挡|签字|电话)"),
    re.compile(r"^(?:请|帮我|给我|我要)?转人(?:吧|啊|!|。)*$|换个?(?:真|活)?人(?:来|跟|和|说|处理|服务|回答|接|聊)"),
    # 转人功 · 专人工 · 转工人 · zhuan rengong
    re.compile(
        r"[转专砖传赚撰装][仁任认]工|[转专砖传赚撰]人[公功工攻宫共](?!里|路|司|安|交|园|告)|转工人|转人(?:gong|gon)"
    ),
    re.compile(r"\bz?h?uan ?ren ?gong\b|^ren ?gong$|^zrg$"),
    # 我想找真人说话 · 找个人工 · 能不能和活人聊
    re.compile(
        rf"(?:{_SEEK}|跟|和|与|同|让)(?:{_A}){{0,3}}(?:{_REAL})(?:客服|服务)?"
        rf"(?=$|[\s,.!?]|吧|啊|呀|呢|吗|来|帮|给|处理|解决|解答|回答|回复|对接|接待|接|跟|和|{_TALK})"
    ),
    # 叫你们经理来 · 让负责人给我回电话 · 安排专人联系我
    re.compile(
        rf"(?:要|想|帮我|给我|请|麻烦)?(?:找|叫|喊|见|换|联系|把|让|要)(?:{_A}){{0,3}}(?:{_BOSS})"
        rf"(?=$|[\s,.!]|来|出来|过来|叫来|喊来|接|给我|跟我|和我|联系我|回我|说|谈|聊|吧|啊|处理|解决|投诉|反映"
        rf"|的?电话!?$)"
    ),
    re.compile(
        r"(?:让|叫|安排|派|请|麻烦|找|有没有)(?:个|一个|一位|位|你们的?)?(?:人|专人|客服|工作人员|同事|真人)"
        r"(?:能|可以|尽快|赶紧|马上|来)?(?:跟我|和我|给我|帮我|与我)?(?:说话|说|聊|谈|联系我|联系|回电|回个?电话"
        r"|回复我|打电话|打个电话|跟进|沟通)"
    ),
    # 不想跟机器人说 · 别让机器人回我
    re.compile(
        r"(?:不想|不要|别|不跟|不和|不愿意?|讨厌|拒绝|受够了?|懒得)(?:再|老|总)?(?:跟|和|与|让|用|找|拿|听"
        r"|理)?(?:你这|这|个|你们的?)?"
        r"(?:破|死|傻)?(?:机器人|机器|ai|智能客服|自动回复|人机)"
    ),
    # 有没有活人 · 有真人吗 · 人工在哪 · 怎么没有人工 · 人工呢
    re.compile(
        r"(?:有没有|有冇|有|没有|没|冇)(?:个|一个)?(?:真人|活人|大活人|人工)(?:客服|服务|坐席)?(?=$|[\s,.!?]|吗|么"
        r"|嘛|啊|呀|在|能|可以|吧|的)"
    ),
    re.compile(
        r"(?:人工|真人)(?:客服|服务)?(?:在哪|在吗|在不在|怎么转|怎么找|怎么联系|怎么接|怎么进|如何转|入口|快来"
        r"|快点|呢|来$|来一下|出来)"
    ),
    re.compile(r"(?:怎么|如何|咋|怎样)(?:才能|能)?(?:转|找|联系|接|进)(?:到|通|入)?(?:人工|真人|活人)"),
    # English
    re.compile(
        r"\b(?:talk|speak|chat|connect me|transfer me|get me|put me through|pass me|want|need)(?: (?:to|with|a|an"
        r"|the|some|your|real|live|actual)\b)*+"
        r" (?:human|person|people|someone|somebody|agent|representative|rep|operator|manager|supervisor|staff"
        r"|customer service)\b"
    ),
    re.compile(
        r"\b(?:real|live|actual) (?:person|human|agent|people)\b"
        r"|^(?:human|agent|operator|representative|customer service)s?(?: please)?[\s.!?]*+$"
    ),
)


def _calls_person(line: str) -> bool:
    if _IDENTITY.search(line) or _ABOUT_STAFF.search(line):
        return False
    called = _NOT_CALLED.sub("", _GAP.sub("", line))
    return any(pattern.search(called) for pattern in _CALLS_PERSON)


# --- Who are you ------------------------------------------------------------------------------------------------

_IDENTITY = re.compile(
    r"(?:你|您|这|我在跟|对面|那边)(?:到底|究竟)?(?:是不是|是|算)(?:个|一个|在)?(?:真人|真的人|活人|人工"
    r"|人还是|机器人|机器|ai|智能客服|自动回复)"
    r"(?:客服)?(?:还是.{0,6})?(?:吗|吧|么|啊|呀|\?|$)|(?:你|您)(?:到底|究竟)?是人(?:吗|还是|么)|^(?:你"
    r"|您)(?:是)?(?:谁|哪位|什么人|叫什么)"
    r"|^(?:是)?(?:真人|人工|机器人|ai)(?:客服)?吗\?*$|\bare you (?:a |an )?(?:human|real|robot|bot|ai|machine"
    r"|person)|^who are you"
)


# --- Danger -----------------------------------------------------------------------------------------------------

_BRAKES = (
    r"刹车(?:突然|完全|都|全|直接)?(?:失灵|失效|没反应|没有反应|踩不动|踩不下去|不管用|没用了|没有了)|刹不住"
    r"|刹不了车|没刹车了"
)
_STEERING = (
    r"方向盘?(?:突然|直接)?(?:失灵|锁死|卡死|打不动|转不动|失控)|车(?:子|辆)?失控|油门(?:卡住|卡死|松不开"
    r"|回不来)|突然加速停不"
)
_FIRE = (
    r"(?:自燃|起火|(?<!打)(?<!打不)(?<!打得)着火|(?<!打)着了火|冒火|烧着|烧起来|爆炸|冒烟|冒浓烟|冒黑烟"
    r"|电池鼓包)(?:了|啦|啊|中|怎么办|!|,|$)|正在(?:自燃|起火|着火|冒烟)|闻到.{0,4}焦糊味.{0,6}冒烟"
)
_STRANDED = (
    r"(?:停|熄火|抛锚|趴窝|坏)在(?:高速|快车道|隧道|桥上|路中间|马路中间|应急车道|铁路)|(?:高速|隧道)(?:上"
    r"|里)?(?:突然)?(?:熄火|抛锚|失去动力|没动力|断电)"
    r"|(?:孩子|小孩|宝宝|老人|人)(?:被)?(?:锁|困|关|反锁)在车(?:里|内)|被困在?车(?:里|内)|掉(?:进|到)(?:水|河"
    r"|沟|湖)里|车(?:里|内)进水出不"
)
_HURT = (
    r"(?:有人|人|我|司机|乘客|家人|孩子|老婆|老公|朋友)(?:都)?(?:受伤|受了伤|流血|昏迷|晕倒|骨折)|撞(?:到"
    r"|了)人|撞人了|翻车了|(?:刚|刚刚|刚才)(?:出|发生)?(?:了)?车祸|差点(?:出人命|出车祸|没命|出大事)"
)
_DANGER = re.compile(
    f"{_BRAKES}|{_STEERING}|{_FIRE}|{_STRANDED}|{_HURT}"
    r"|\b(?:brakes? (?:failed|failure|not working|don'?t work)|on fire|caught fire|someone is hurt|people are hurt)\b"
)
# 自燃险, 会不会起火, 怎么防: about the danger, not in it.
_NOT_IN_DANGER = re.compile(
    r"自燃险|会不会|容易|怕|担心|防止|预防|避免|防|万一|如果|假如|要是|概率|保险|险种|理赔|怎么赔|赔吗|赔不赔"
    r"|赔付|召回|白烟|白色的烟|新闻|听说|网上说|什么原因会|为什么会|能不能投保"
)


def _is_danger(line: str) -> bool:
    return _DANGER.search(line) is not None and _NOT_IN_DANGER.search(line) is None


# --- Anger and complaints ---------------------------------------------------------------------------------------

_INSULT = (
    r"垃圾(?!桶|袋|箱|清理|分类|文件|短信|放|扔|在)|骗子(?!电话|短信)|王八|混蛋|他妈的|(?<![我你他她爸])妈的"
    r"|你妈的|特么|尼玛|操你|我操(?!作|控|心|盘|纵)|卧槽你|傻逼|傻b|煞笔|沙比|脑残|智障|弱智|废物|白痴|滚蛋"
    r"|滚开|去死"
    r"|不要脸|无耻|黑心|黑店|无良|奸商|坑爹|坑人|坑钱|破车(?!窗|灯|门|胎|膜)|烂车|破店|破公司|狗屁|放屁"
    r"|(?<![a-z])(?:sb|tmd|nmsl|cnm|wtf)(?![a-z])|[🤬💢🖕😡]"
)
_OUTRAGE = (
    r"气死(?:我|人|了)|气炸|火大|太过分|过分了|欺人太甚|欺负人|忍无可忍|受够了|受不了你们|恶心人|真恶心|太恶心"
    r"|失望透顶|太失望|极度失望|非常失望|太令人失望|寒心|心寒"
    r"|什么破|什么玩意|什么态度|什么服务|什么垃圾|态度(?:很|太|非常|特别|极其|真|这么|那么)?(?:差|恶劣|不好"
    r"|傲慢|敷衍|嚣张)|服务(?:太|很|真|这么)(?:差|烂|糟)|再也不(?:买|来|会买)你们"
    r"|还有没有王法|当我(?:是)?(?:傻|冤大头|傻子)|耍我|玩我呢|逗我(?:玩)?呢|有完没完|没完没了地?推|答非所问"
)
_CHEATED = (
    r"(?:你们|4s店|店里|门店|销售|你|公司)(?:就是|又|都|别|再|还|这是|是|是不是|一直)*+(?:在)?(?:忽悠|糊弄"
    r"|敷衍|欺骗|骗|坑|宰)(?:人|我|客户|消费者|车主|顾客)"
    r"|被(?:你们|4s店|店里|销售|你)(?:给)?(?:坑|骗|忽悠|宰|耍)|欺骗消费者|欺诈|霸王条款|乱收费|虚假宣传"
    r"|偷工减料|店大欺客"
)
_IGNORED = (
    r"(?:一直|都|到现在|至今|好几天|几天|始终|根本|从来|压根)(?:都|也)?(?:没人|没有人|无人|不)(?:回复|回|理"
    r"|联系|接|管|打|处理|解决|答复)"
    r"|没人管(?:我|了|吗|的吗|!|$)|就没人管|(?:踢皮球|互相推|推来推去|推卸|推诿|推脱|甩锅|装死|不闻不问"
    r"|一拖再拖|一推再推)"
    r"|等了.{0,8}(?:天|周|星期|月|小时).{0,6}(?:没人|没回|没消息|没处理|没解决|没联系|没结果|没动静|不处理"
    r"|不解决|没有任何)"
    r"|(?:打|问|催|反映|投诉|跑)了(?:好几|n|无数|几十|[二两三四五六七八九十\d]+)(?:遍|次|回|趟).{0,8}(?:没人"
    r"|没有人|没回|没解决|没结果|没用|不回|不解决|不理)"
)
_THREAT = (
    r"(?:找|联系|叫|告诉|通知|上|请|捅给|爆料给|发给)(?:媒体|记者|电视台|新闻)|曝光(?!度|补偿|不足|过)|上热搜"
    r"|发(?:到)?(?:抖音|微博|小红书|朋友圈|网上).{0,6}(?:让|曝|给大家|避雷)|挂(?:你们|网上)"
    r"|(?:打|拨|拨打|找|向|去|上|告到?)(?:12315|12345|315|工商局?|消协|消费者协会|市场监管局?|质检)|(?:12315"
    r"|12345|消协)(?:投诉|举报)"
    r"|(?:要|去|就|会|准备|一定|必须|马上|坚决|等着|将|直接)(?:被|去|向|找)?(?:法院|起诉|法庭|律师|打官司|仲裁"
    r"|告你们|告到|维权|报警)|告你们|法院见|法庭见|(?:发|寄|收)(?:你们)?律师函|拉横幅|砸店|集体维权"
)
_ANGRY_ENGLISH = (
    r"\b(?:scam(?:mers?)?|terrible service|awful service|furious|ridiculous|unacceptable|my lawyer|sue you"
    r"|bullshit|fuck\w*|useless bot|worst)\b"
)
_ANGER = re.compile("|".join((_INSULT, _OUTRAGE, _CHEATED, _IGNORED, _THREAT, _ANGRY_ENGLISH)))

_AGAINST = "你们|他们|4s店|门店|服务中心|店里|店长|店员|这家店|那家店|销售|技师|师傅|客服|售后|贵司|贵公司|公司|经理"
# 我要投诉 is one; 投诉渠道有哪些, 投诉撤销, 投诉多久回电 ask about it.
_COMPLAINT = re.compile(
    r"(?:我|必须|一定|坚决|现在|就|强烈|正式)(?:要|想|得|需要|来)?(?:正式|坚决|实名)?(?:投诉|举报|维权)(?!的"
    r"|单|进度|到|电话|渠道|记录|后|过|结果|处理|编号|材料|以后|能|可以|怎么|多久|撤|之后|完|了没|那)"
    rf"|^(?:投诉|举报)(?:{_AGAINST}|!|$)|(?:要|想|来)(?:投诉|举报)(?:一下)?(?:{_AGAINST}|!|,|$)"
    rf"|投诉(?:{_AGAINST})(?!电话|流程|渠道|方式|怎么|有|要|需要|找|可以|能|多久|打)"
    r"|强烈(?:不满|谴责|抗议)|讨(?:个|一个)?(?:说法|公道)|(?<!内)给(?:我|个)(?:一个|个)?(?:说法|交代|交待)"
    r"|(?:我要|必须|给我|马上|坚决|要求|立刻)(?:全额)?(?:退车|换车|退一赔三|赔偿|赔钱|退钱)(?!险|需|要|流程"
    r"|条件|怎么|吗)"
    r"|\b(?:i want to complain|file a complaint|make a complaint|lodge a complaint|complain about)\b"
)
_ASKS = re.compile(
    r"[?]|吗|么$|怎么|如何|咋|哪|什么|啥|谁|多久|多少|几|能不能|可不可以|是否|有没有|how|what|where|when|which"
    r"|who|can i"
)


def asks(text: str) -> bool:
    """Whether anything is asked in it."""
    return _ASKS.search(text) is not None


# --- Small talk -------------------------------------------------------------------------------------------------

_GREETINGS = (
    r"你们好|您好|你好|大家好|早上好|上午好|中午好|下午好|晚上好|早安|早晨|早啊|早|有人在吗|有人在么|有人吗"
    r"|有人么|在不在|在吗|在么|在嘛|哈喽|哈啰|哈罗|嗨|嘿|喂|亲"
    r"|请问一下|请问|咨询一下|打扰一下|打扰了|客服|机器人|good (?:morning|afternoon|evening)|hello|hi\b|hey\b"
)
_THANKING = (
    r"非常感谢|太感谢|十分感谢|感谢您|感谢你|感谢|谢谢您|谢谢你们?|谢谢啦|谢谢|多谢|谢了|谢啦|谢过|唔该|辛苦您"
    r"|辛苦你|辛苦了|辛苦|麻烦您了|麻烦你了|麻烦了|thank you|thanks|thx\b|3q\b|[🙏🌹💐]"
)
_PARTING = (
    r"再见|拜拜|拜|回见|回头见|下次见|先这样|就这样|没别的了|没其他问题了?|没有其他问题了?|没有问题了|没问题了"
    r"|没事了|没有了|没了|不用了|不需要了|不问了|算了|晚安|goodbye|bye bye|bye\b|see you"
)
_AGREEING = (
    r"好的|好滴|好嘞|好吧|好哒|好|行吧|行|可以的|可以|嗯+|哦+|噢+|喔|恩+|明白了|明白|知道了|懂了|了解了?|收到"
    r"|没问题|清楚了?|解决了|是的|是|对的|对|没错|okay|ok\b|okk+|yes\b|yeah\b|got it|sure\b|[👌👍😊😄🙂😀😁🤝]"
)
_FILLER = (
    r"[啊呀哦噢喔呢哈吧啦了哟哒滴嘛呐~,，.。!…、\-\s?]|very much|a lot|so much|你的帮助|您的帮助|你们?|您|客服|的|嗷"
)
_POLITE = re.compile(
    f"(?P<farewell>{_PARTING})|(?P<thanks>{_THANKING})|(?P<greeting>{_GREETINGS})"
    f"|(?P<acknowledgement>{_AGREEING})|(?P<filler>{_FILLER})"
)
_WEIGHTIEST_FIRST = (Wish.FAREWELL, Wish.THANKS, Wish.GREETING, Wish.ACKNOWLEDGEMENT)
_CONTENT = re.compile(r"[㐀-鿿\U00020000-\U000323af]|[a-z]{2,}")


def _small_talk(text: str) -> Wish | None:
    """Which kind of politeness the whole text is, or None if it says anything more."""
    if len(text) > LONGEST_SMALL_TALK or _POLITE.sub("", text):
        return None
    kinds = {found.lastgroup for found in _POLITE.finditer(text)}
    said = next((kind for kind in _WEIGHTIEST_FIRST if kind in kinds), None)
    return None if said is Wish.ACKNOWLEDGEMENT and "?" in text else said


def has_content(text: str) -> bool:
    """Whether there is anything to look up: at least two Chinese characters or a word."""
    found = _CONTENT.findall(text)
    return len(found) >= 2 or any(len(piece) > 1 for piece in found)


# --- Buttons that are typed instead of pressed ------------------------------------------------------------------

_AGREES = re.compile(
    rf"(?:{_AGREEING}|要|要的|需要|就是这个|就是|是这个|对就是这个|转吧)(?:的|吧|啊|呀|了|谢谢|[\s,.!~])*+"
)
_SOLVED = re.compile(
    r"(?:已经|都|问题)?(?:解决了|解决啦|搞定了|搞定|弄好了|可以了|好了)(?:谢谢|多谢|[,!.~\s啊哈])*+"
    r"|(?:that )?solved(?: it)?!?"
)
_UNSOLVED = re.compile(
    r"(?:还是|还|仍然|问题|并)?(?:没有?解决|未解决|没有?用|没有?帮助|不行|不对|没搞定|不管用|解决不了)(?:啊|呀"
    r"|问题|我的问题|[,!.~\s])*+|not solved|(?:that |it )?did(?:n'?t| not) help"
)
_NONE = re.compile(
    r"(?:都|全|全都)?(?:不是|不对)(?:这些|这个|这几个|的|啊|呀|[,!.~\s])*+|都没有|没有我要的|没有一个是"
    r"|none(?: of (?:these|them))?"
)
_ORDINAL = re.compile(r"(?:第|选|选择|是|就)*+([1-9一二三四五])(?:个|项|条|吧|号|[.。,!\s])*+")


def agrees(text: str) -> bool:
    """Whether the text is a yes."""
    return _AGREES.fullmatch(text) is not None


def says_solved(text: str) -> bool:
    """Whether the text says that the answer helped."""
    return _SOLVED.fullmatch(text) is not None


def says_unsolved(text: str) -> bool:
    """Whether the text says that the answer did not help."""
    return _UNSOLVED.fullmatch(text) is not None


def says_none(text: str) -> bool:
    """Whether the text turns all candidates down."""
    return _NONE.fullmatch(text) is not None


def ordinal(text: str) -> int | None:
    """Which of a list the text picks, counted from 1, or None."""
    picked = _ORDINAL.fullmatch(text)
    if picked is None:
        return None
    return int(picked[1]) if picked[1].isdigit() else "一二三四五".index(picked[1]) + 1


def stands_for_button(text: str) -> bool:
    """Whether the text means nothing but a button that may have been on offer."""
    return any(says(text) for says in (agrees, says_solved, says_unsolved, says_none)) or ordinal(text) is not None
