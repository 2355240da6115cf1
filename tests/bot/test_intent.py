"""What customers want, told from the words they use. Every table is a list of things people really type."""

import re
import time
from types import ModuleType

import pytest

from bot import intent, questions, scene
from bot.intent import LONGEST_READ, Wish, agrees, ordinal, plain, says_none, says_solved, says_unsolved, wish


def _each(texts: str) -> tuple[str, ...]:
    return tuple(texts.split("|"))


CALLS_FOR_A_PERSON = _each(
    "人工|人工!!!|人工人工人工|转人工|转人工。|轉人工|轉接人工客服|人工客服|人工服务|真人|活人|真人客服|找真人"
    "|我要人工|我要找人工|我想转人工|请转人工|请帮我转人工客服谢谢|麻烦转一下人工|给我转人工|能转人工吗"
    "|可以转人工吗|可不可以帮我转人工|能不能找个真人跟我说|找客服|联系客服|转客服|转接客服|我要找客服|转专员"
    "|转接专员|轉真人|搵真人|找個真人說話|我要找客服人員|接人工|接通人工|切换人工|切人工|换人工|呼叫人工|叫人工"
    "|喊个人工来|有没有活人|有没有真人|有真人吗|有人工吗|没有人工吗|怎么没有人工|人工呢|人工在哪|人工客服在哪"
    "|人工怎么转|怎么转人工|如何联系人工客服|怎么才能转到人工|转人功|转人公|专人工|砖人工|转仁工|转工人"
    "|zhuanrengong|zhuan ren gong|转人|叫你们经理来|找你们经理|我要找你们领导|让你们负责人给我回电话"
    "|我要见你们老板|把你们领导叫来|换个人跟我说|让人给我回个电话|安排专人联系我|不想跟机器人说话|别让机器人回我"
    "|我不要机器人，我要真人|不要跟ai聊|轮胎多久换？算了直接转人工|你好，转人工|您好 我要人工|我想跟人工聊聊"
    "|和真人沟通|转人工我要退款|ＺＨＵＡＮ人工 转人工|转 人工|human|agent please|I want to talk to a human"
    "|can I speak to a real person|connect me to an agent|talk to someone|customer service"
)

NO_CALL_FOR_A_PERSON = _each(
    "人工费多少|人工费怎么算|人工智能是什么|车机有人工智能吗|换个轮胎要找工作人员吗|手动挡多少钱|人工保养工时费"
    "|人工客服几点上班|人工客服工作时间|人工客服电话多少|客服电话是多少|需要联系客服吗|要不要找经理签字"
    "|取车需要工作人员陪同吗|不用转人工|不用找人工了|先不转人工|不需要人工|别转人工|人工洗车多少钱|人工换机油贵吗"
    "|转向灯不亮|转到二挡有异响|车转给别人怎么办|积分转给家人|转让会员|换轮胎|换机油找谁|接电话没声音|接口松了"
    "|车机接不上手机|你是人工还是机器人|你是真人吗|联系方式怎么改|换绑手机号|试驾要提前联系吗|让我老公开去行吗"
    "|让家人代我送车可以吗|怎么找到附近的服务中心|投诉后多久有人联系我|有人工智能语音吗|保险专员是谁"
    "|师傅上门取车吗|店长信箱|客户经理是什么|自动挡和手动挡哪个好|人工审核要多久|转人工智能驾驶"
    "|is there human error detection"
)

ANGER = _each(
    "你们什么破车|垃圾车|垃圾客服|骗子公司|你们就是骗人|被你们坑了|黑心4S店|奸商|气死我了|太过分了|欺人太甚"
    "|忍无可忍|受够了|什么态度|态度太差了|服务太差|一直没人回|到现在都没人联系我|好几天没人理"
    "|打了好几遍电话没人接|没人管我吗|踢皮球是吧|互相推|等了三天没人回复|等了两周还没解决|再也不买你们的车"
    "|我要去12315投诉你们|打12345|找媒体曝光|曝光你们|我要起诉你们|法院见|等着收律师函吧|发你们律师函|告你们"
    "|忽悠我呢你们就是忽悠人|傻逼|sb客服|TMD|废物机器人|你是智障吗|答非所问|霸王条款|乱收费|虛假宣傳|氣死我了"
    "|什麼態度|😡😡😡|this is ridiculous|you scammers|I will sue you"
)

COMPLAINTS = _each(
    "我要投诉|我要投訴|我要投诉你们|投诉你们店|投诉技师|我想投诉销售|必须投诉|强烈不满|给我个说法|讨个说法"
    "|我要退车|要求退一赔三|马上退钱|我要举报|我正式投诉|I want to complain|file a complaint"
)

CALM = _each(
    "投诉渠道有哪些|投诉电话多少|投诉找谁|怎么投诉|投诉多久回电|投诉几天出结果|投诉进度怎么查"
    "|投诉提交后可以撤销吗|投诉要准备什么材料|查投诉单|自燃险要买吗|自燃险多少钱|垃圾桶在哪|车里垃圾袋"
    "|我要退掉预约|退定金|定金能退吗|换轮胎|usb接口坏了|多媒体黑屏|媒体音量怎么调|曝光补偿怎么设|315活动有优惠吗"
    "|表显12345公里要做什么保养|打破车窗怎么赔|破车灯能换吗|我妈的车能过户吗|是不是我操作不对"
    "|收到诈骗短信说是你们的骗子电话怎么办|三包退车条件|充了半小时还没充满|订的件等了半个月了正常吗"
    "|提交了投诉怎么还没人打给我|空调味道难闻|修理厂老板说E40也要换机油是不是忽悠我呢|律师证能打折吗|会不会自燃"
    "|电池容易起火吗|怎么防止自燃|打不着火|亏电打不着火怎么办|钥匙没电怎么打着火|冬天排气管冒白烟正常吗|刹车异响"
    "|刹车片多久换|方向盘抖|没解决我的问题怎么办|保险公司会涨价吗|失灵的遥控钥匙怎么换电池"
)

DANGERS = _each(
    "刹车失灵了|刹车突然失灵怎么办|刹车失灵灯亮怎么办|剎車失靈了|刹车踩不动|刹不住车了|方向盘锁死了|车子失控了"
    "|油门卡住了|车自燃了|发动机起火了|车着火了怎么办|发动机冒烟了|高速上突然熄火怎么办|车停在高速上了"
    "|孩子被锁在车里了|有人受伤了|我撞到人了|刚出车祸了|被困在车里|brakes failed|my car is on fire"
)

POLITE = {
    Wish.GREETING: _each(
        "你好|您好|你好啊|在吗|在吗？|有人吗|有人在吗|hello|Hi|hi!|早上好|下午好～|哈喽|嗨|亲|喂|你好你好|您好，在吗？"
        "|客服在吗|你好，请问一下"
    ),
    Wish.THANKS: _each(
        "谢谢|谢谢啦|多谢|感谢|非常感谢|好的谢谢|嗯嗯谢谢|ok thanks|thanks|Thank you very much|辛苦了|明白了，谢谢您"
        "|謝謝|🙏|收到，谢谢！"
    ),
    Wish.ACKNOWLEDGEMENT: _each(
        "好的|好|嗯|嗯嗯|哦|ok|OK|okay|行|可以|明白了|知道了|了解|收到|好滴|👌|👍|好吧|是的|清楚了"
    ),
    Wish.FAREWELL: _each(
        "再见|拜拜|没事了|没有了|先这样|不用了|好的，再见|谢谢，拜拜|bye|没别的了|算了|算了不问了|再見"
    ),
    Wish.IDENTITY: _each(
        "你是机器人吗|你是真人吗|你是人吗|您是人工吗|是真人吗|你是谁|你叫什么名字|你是人工还是机器人|are you a robot"
    ),
    Wish.NOTHING: _each("？|???|。。。|，|1|7|。|…|!!!|🚗|🚗🚗|a|中"),
}
MORE_THAN_POLITE = _each(
    "好的，那E40呢|谢谢，那多少钱|可以吗|行吗|你好，轮胎多久换|早上能保养吗|好车推荐|没有发票怎么办|嗯那要带什么"
    "|在吗，问下保养|ok怎么开|感谢信寄哪|再见面怎么约|收到的发票错了|有问题"
)


@pytest.mark.parametrize("text", CALLS_FOR_A_PERSON)
def test_a_call_for_a_person_is_heard(text: str) -> None:
    assert wish(plain(text)) is Wish.PERSON


@pytest.mark.parametrize("text", NO_CALL_FOR_A_PERSON)
def test_a_question_about_staff_or_work_by_hand_is_no_call_for_a_person(text: str) -> None:
    assert wish(plain(text)) in (None, Wish.IDENTITY)


@pytest.mark.parametrize("text", ANGER)
def test_anger_is_heard(text: str) -> None:
    assert wish(plain(text)) is Wish.ANGER


@pytest.mark.parametrize("text", COMPLAINTS)
def test_a_complaint_is_heard(text: str) -> None:
    assert wish(plain(text)) is Wish.COMPLAINT


@pytest.mark.parametrize("text", DANGERS)
def test_danger_is_heard(text: str) -> None:
    assert wish(plain(text)) is Wish.DANGER


@pytest.mark.parametrize("text", CALM)
def test_a_calm_question_with_the_same_words_raises_no_alarm(text: str) -> None:
    assert wish(plain(text)) is None


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in POLITE.items() for text in texts])
def test_small_talk_is_told_by_kind(kind: Wish, text: str) -> None:
    assert wish(plain(text)) is kind


@pytest.mark.parametrize("text", MORE_THAN_POLITE)
def test_politeness_around_something_else_is_not_small_talk(text: str) -> None:
    assert wish(plain(text)) is None


def test_the_tables_are_as_long_as_they_should_be() -> None:
    assert len(set(CALLS_FOR_A_PERSON)) >= 60
    assert len(set(NO_CALL_FOR_A_PERSON)) >= 40
    assert len({*ANGER, *COMPLAINTS}) >= 40
    assert len(set(CALM)) >= 40


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("刹车失灵了，快给我转人工", Wish.DANGER),
        ("垃圾机器人，转人工", Wish.ANGER),
        ("我要投诉，转人工", Wish.COMPLAINT),
        ("你好，我要找人工", Wish.PERSON),
        ("谢谢，再见", Wish.FAREWELL),
        ("好的，谢谢", Wish.THANKS),
    ],
)
def test_the_weightiest_of_several_wishes_counts(text: str, heard: Wish) -> None:
    assert wish(plain(text)) is heard


def test_each_sentence_is_normalised_on_a_line_of_its_own() -> None:
    assert plain("輪胎多久換？\n  首保Ａ３０免費嗎！\n\n") == "轮胎多久换?\n首保a30免费吗!"


def test_the_end_of_a_long_story_is_heard() -> None:
    story = "我的车买了两年，一直在你们店里保养。" * 80
    assert wish(plain(f"{story}请转人工")) is Wish.PERSON
    assert len(plain(story)) < 2 * LONGEST_READ


@pytest.mark.parametrize("text", ["是的", "对", "好的", "要", "嗯", "就是这个", "可以", "yes"])
def test_a_yes_is_understood(text: str) -> None:
    assert agrees(plain(text))


@pytest.mark.parametrize("text", ["不是", "要多久", "可以吗", "对不起"])
def test_what_is_no_yes_is_not_taken_for_one(text: str) -> None:
    assert not agrees(plain(text))


@pytest.mark.parametrize("text", ["解决了", "已经解决了，谢谢", "问题解决了", "搞定了", "solved"])
def test_a_solved_question_is_understood(text: str) -> None:
    assert says_solved(plain(text))
    assert not says_unsolved(plain(text))


@pytest.mark.parametrize(
    "text",
    ["没解决", "沒解決", "还是没解决", "没有解决", "不行", "还是不行啊", "没用", "没解决我的问题", "did not help"],
)
def test_an_unsolved_question_is_understood(text: str) -> None:
    assert says_unsolved(plain(text))
    assert not says_solved(plain(text))


@pytest.mark.parametrize("text", ["都不是", "不是", "都不对", "不是这个", "不是这些", "none of these"])
def test_turning_all_candidates_down_is_understood(text: str) -> None:
    assert says_none(plain(text))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1", 1),
        ("2", 2),
        ("第一个", 1),
        ("第三個", 3),
        ("选2", 2),
        ("就第二个吧", 2),
        ("１", 1),
        ("第1个。", 1),
        ("一年", None),
        ("10", None),
    ],
)
def test_a_place_in_a_list_is_understood(text: str, place: int | None) -> None:
    assert ordinal(plain(text)) == place


# --- No text can make reading slow ------------------------------------------------------------------------------

HOSTILE = _each(
    "嗯|好|转|打|我|请|那|的|没|1|a|,| |?|。|\n|人工|你们|一直|我要|谢谢|跟我|不要|有人|等了天|打了2次|你好,|a1 |aa bb"
    "|talk to |多久|刹车|投诉|第一"
)


def _patterns(module: ModuleType) -> dict[str, re.Pattern[str]]:
    found: dict[str, re.Pattern[str]] = {}
    for name, value in vars(module).items():
        each = value if isinstance(value, tuple) else (value,)
        found.update({f"{name}[{at}]": one for at, one in enumerate(each) if isinstance(one, re.Pattern)})
    return found


PATTERNS = {
    f"{module.__name__}.{name}": pattern
    for module in (intent, questions, scene)
    for name, pattern in _patterns(module).items()
}


def _seconds(pattern: re.Pattern[str], seed: str, length: int) -> float:
    """The best of two times, of this process alone, over a text that almost matches again and again."""
    text = (seed * length)[:length] + "\x00"
    best = 60.0
    for _ in range(2):
        start = time.process_time()
        pattern.search(text)
        pattern.fullmatch(text)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("name", PATTERNS)
def test_no_pattern_is_slow_on_a_hostile_text(name: str) -> None:
    """The longest text that reaches a pattern; then ten times that, which a quadratic one would not survive."""
    pattern = PATTERNS[name]
    for seed in HOSTILE:
        assert _seconds(pattern, seed, LONGEST_READ) < 0.2, seed
        assert _seconds(pattern, seed, 10 * LONGEST_READ) < 1, seed


@pytest.mark.parametrize("seed", HOSTILE)
def test_reading_a_hundred_kilobytes_takes_no_longer_than_reading_a_page(seed: str) -> None:
    text = (seed * 100_000)[:100_000]
    best = 60.0
    for _ in range(3):
        start = time.process_time()
        read = plain(text)
        wish(read)
        questions.asked(read, "轮胎多久换一次？")
        scene.details_in(text)
        best = min(best, time.process_time() - start)
    assert best < 0.5
