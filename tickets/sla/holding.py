"""Texts that only ask for patience. Pure."""

import re
import unicodedata

# Clauses that ask for patience, confirm arrival or announce an answer: each is told by being all there is.
_HOLDING = re.compile(
    "|".join((
        # 请稍候 · 麻烦您稍等一下 · 请耐心等待
        "(请|麻烦|劳烦|辛苦|烦请)?(您|你)?(先|再)?(耐心)?(稍等|稍候|稍后|等待|等候|等等|等一等|等一下|等下)"
        "(一下|一会儿?|片刻|几分钟|我一下)?",
        "(感谢|谢谢)(您|你)?的?耐心(等待|等候)?",
        # 收到 · 您的留言我们已经收到 · 已登记
        "((您|你)的)?(消息|信息|留言|问题|反馈|诉求)?(我们|我|这边)?已?经?(收到|受理|记录|登记|转达)"
        "((您|你)的)?(消息|信息|留言|问题|反馈|诉求)?",
        # 我帮您查一下 · 这边核实一下 · 我看看 · 处理中
        "(我|我们|这边|我这边)?(去|来|先)?((帮|为|给)(您|你)?)?(查|看|问|查询|核实|确认|处理|了解|跟进)(一?下|看|中)",
        # 正在为您查询 · 马上处理 · 稍后给您回复 · 我们会尽快联系您
        "(我|我们|这边|我这边)?会?(正在|马上|尽快|稍后|一会儿?|等下|等会儿?|晚点)会?((帮|为|给|跟|和)(您|你))?"
        "(查|看|查询|核实|确认|处理|了解|跟进|解决|安排|回复|答复|联系|回电|来)(一?下)?(您|你)?(的?问题)?(中)?",
        # a greeting or a sign of presence alone
        "(您|你)好|在|马上",
        "(please)?(wait|holdon|hold)(amoment|aminute)?(please)?|(just)?(one|a)(moment|minute|second)(please)?",
        "(wehave|weve|ihave|ive)?received(yourmessage)?|gotit|(letme|illhave|ill)(check|alook|look)(that|it)?(foryou)?",
        "(ill|wewill|well|iwill)(getback|reply)(toyou)?(soon|shortly)?",
    ))
)  # fmt: skip
# Clauses that say nothing by themselves but may stand beside one that holds.
_COURTESY = re.compile(
    "好|好滴|嗯+|亲|不好意思|抱歉|谢谢(您|你)?|感谢(您|你)?|辛苦(您|你)?|ok(ay)?|hello|hi|sorry|please|thanks|thankyou"
)
_FILLER = "哈呢啊呀哦噢喔吧了的"
_LONGEST_HOLDING = 40


def is_holding(text: str) -> bool:
    """Whether the text only asks for patience or confirms arrival, such as 「请稍候」 or 「收到」."""
    if len(text) > _LONGEST_HOLDING:
        return False
    clauses = _clauses(text)
    holding = [clause for clause in clauses if _HOLDING.fullmatch(clause)]
    return bool(holding) and all(clause in holding or _COURTESY.fullmatch(clause) for clause in clauses)


def _clauses(text: str) -> list[str]:
    """What stands between the punctuation: lower case, without spaces and final particles."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    for ignored in (" ", "'", "’"):
        folded = folded.replace(ignored, "")
    parts = "".join(char if char.isalnum() else " " for char in folded).split()
    return [part.rstrip(_FILLER) or part for part in parts]
