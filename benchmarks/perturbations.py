"""What typing, input methods and manners do to a question. The same seed always gives the same text.

A perturbation takes a text and a source of chance and gives the changed text, or the text itself where there is
nothing that it could change: a question without punctuation, a word that nobody says in English.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from random import Random

from knowledgebase.wording.text import normalise, pinyin, shipped_vocabulary, to_traditional

Perturbation = Callable[[str, Random], str]

# One character fewer must leave a question that a person would still understand.
FEWEST_TO_DROP_FROM = 5
COMMONEST_OF_A_SOUND = 4
_HAN = re.compile(r"[一-鿿]")
_PUNCTUATION = re.compile(r"[^\w\s.%]|(?<!\d)\.|\.(?!\d)")

# Pairs of simplified characters that are taken for one another on a screen, by handwriting or by scanning.
LOOK_ALIKE = tuple((Path(__file__).parent / "look_alikes.txt").read_text(encoding="utf-8").split())

BEFORE = (
    "你好，",
    "您好，请问",
    "麻烦问一下，",
    "不好意思打扰了，",
    "在吗？想咨询一下，",
    "客服您好，我想问问",
    "哈喽，",
    "亲，请教个事，",
)
AFTER = ("，谢谢", "，麻烦您了", "，谢谢啦！", "，辛苦了", "，急，在线等", "，多谢多谢", " 谢谢您", "，拜托帮我看看")

IN_ENGLISH: Mapping[str, str] = {
    "手机软件": "App",
    "软件": "App",
    "应用": "App",
    "手机端": "App",
    "远程升级": "OTA",
    "在线升级": "OTA",
    "系统升级": "OTA升级",
    "升级系统": "OTA升级",
    "服务中心": "4S店",
    "维修店": "4S店",
    "门店": "4S店",
    "修理厂": "4S店",
    "无线网络": "WiFi",
    "无线网": "WiFi",
    "热点": "WiFi热点",
    "导航": "GPS",
    "会员": "VIP",
    "优惠券": "coupon",
    "发票": "invoice",
    "预约": "book",
    "取消": "cancel",
    "密码": "password",
    "邮箱": "email",
    "邮件": "email",
    "蓝牙": "Bluetooth",
    "空调": "AC",
    "检查": "check",
    "确认": "confirm",
    "更新": "update",
    "账号": "ID",
    "电池": "battery",
    "二维码": "QR码",
    "模式": "mode",
    "钥匙": "key",
    "屏幕": "screen",
    "试驾": "test drive",
    "地址": "address",
}


def homophone(text: str, chance: Random) -> str:
    """One character typed as another common one of the same syllable, whatever its tone."""
    choices = [
        (at, other)
        for at, (character, syllable) in enumerate(zip(text, pinyin(text), strict=True))
        if _HAN.match(character)
        for other in _commonest_by_sound().get(syllable, ())
        if other != normalise(character)
    ]
    return _replace_one(text, choices, chance)


def look_alike(text: str, chance: Random) -> str:
    """One character taken for one that looks like it."""
    choices = [(at, other) for at, character in enumerate(text) for other in _shapes().get(character, ())]
    return _replace_one(text, choices, chance)


def traditional(text: str, chance: Random) -> str:
    """In traditional characters, as OpenCC writes them."""
    return to_traditional(text)


def dropped(text: str, chance: Random) -> str:
    """One Chinese character left out; never a digit or a letter, which would be another question."""
    places = _han(text)
    if len(places) < FEWEST_TO_DROP_FROM:
        return text
    at = chance.choice(places)
    return text[:at] + text[at + 1 :]


def doubled(text: str, chance: Random) -> str:
    """One Chinese character typed twice."""
    places = _han(text)
    if not places:
        return text
    at = chance.choice(places)
    return text[: at + 1] + text[at:]


def unpunctuated(text: str, chance: Random) -> str:
    """Without punctuation; a decimal point and a percent sign stay."""
    return _PUNCTUATION.sub("", text)


def padded(text: str, chance: Random) -> str:
    """With a polite phrase before and another behind."""
    return f"{chance.choice(BEFORE)}{text}{chance.choice(AFTER)}"


def mixed(text: str, chance: Random) -> str:
    """One known word in English."""
    known = [word for word in IN_ENGLISH if word in text]
    if not known:
        return text
    word = chance.choice(known)
    return text.replace(word, IN_ENGLISH[word], 1)


PERTURBATIONS: Mapping[str, Perturbation] = {
    "homophone": homophone,
    "look-alike": look_alike,
    "Traditional": traditional,
    "dropped": dropped,
    "doubled": doubled,
    "no punctuation": unpunctuated,
    "padding": padded,
    "mixed English": mixed,
}


def perturb(text: str, names: tuple[str, ...], seed: int) -> str:
    """The text after these perturbations, in this order; the text itself unless each of them changed it."""
    changed = text
    for name in names:
        before = changed
        changed = PERTURBATIONS[name](before, Random(f"{seed}:{name}:{text}"))
        if changed == before:
            return text
    return changed


def _replace_one(text: str, choices: list[tuple[int, str]], chance: Random) -> str:
    """Every place is as likely as any other, however many characters could stand there."""
    if not choices:
        return text
    at = chance.choice(sorted({at for at, _ in choices}))
    other = chance.choice([other for place, other in choices if place == at])
    return text[:at] + other + text[at + 1 :]


def _han(text: str) -> list[int]:
    return [at for at, character in enumerate(text) if _HAN.match(character)]


@cache
def _shapes() -> Mapping[str, tuple[str, ...]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for pair in LOOK_ALIKE:
        left, right = pair[0], pair[1]
        found[left].append(right)
        found[right].append(left)
    return {character: tuple(others) for character, others in found.items()}


@cache
def _commonest_by_sound() -> Mapping[str, tuple[str, ...]]:
    """The characters that an input method offers first for a syllable, by how often jieba has counted them."""
    counted = shipped_vocabulary().tokenizer.FREQ
    single = sorted((word for word in counted if _HAN.fullmatch(word)), key=lambda word: (-counted[word], word))
    found: defaultdict[str, list[str]] = defaultdict(list)
    for character in single:
        found[pinyin(character)[0]].append(character)
    return {syllable: tuple(characters[:COMMONEST_OF_A_SOUND]) for syllable, characters in found.items()}
