"""Numbers in a text: one spelling for each, and which amounts of what a question speaks of."""

import re

_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0, "俩": 2}
_POWERS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "w": 10_000, "k": 1_000}
_TIMES = "个月|月|年|天|日|周|星期|礼拜|小时|钟头|分钟"
_UNITS = f"公里|千米|km|{_TIMES}|元|块|次|个|度|升|人|位|米|岁|期|折|倍|座|级|档|号|点|%"
_NUMERAL = re.compile(r"[\d半十两俩零一二三四五六七八九]")
_SEPARATED = re.compile(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?![\d,])")
_MIXED = re.compile(r"(?<![\d.a-z-])([1-9]\d{0,5}(?:\.\d{1,3})?)(万|千|百|w|k)(?![a-z0-9-])")
_CHINESE = re.compile(
    rf"[一二两三四五六七八九][十百千万][零〇一二两三四五六七八九十百千万]{{0,9}}"
    rf"|(?:十[一二三四五六七八九]?|[零一二两俩三四五六七八九])(?=多?(?:{_UNITS}))"
)
_AMOUNT = re.compile(
    r"(?<![a-z\d.])(\d{1,9}(?:\.\d{1,4})?)多?(公里|千米|km|个月|月|年|天|周|星期|礼拜|小时|钟头|分钟|元|块|号|%)?"
)
_SAME_UNIT = {"千米": ("公里", 1.0), "km": ("公里", 1.0), "块": ("元", 1.0), "钟头": ("分钟", 60.0)} | {
    "小时": ("分钟", 60.0),
    "年": ("月", 12.0),
    "个月": ("月", 1.0),
    "周": ("天", 7.0),
    "星期": ("天", 7.0),
    "礼拜": ("天", 7.0),
}


def canonical_numbers(text: str) -> str:
    """The text with numbers in plain digits: 1,000 and 1千 and 一千 become 1000, 半年 becomes 6个月."""
    if not _NUMERAL.search(text):
        return text
    plain = _SEPARATED.sub(lambda found: found[0].replace(",", ""), text)
    plain = plain.replace("一年半", "18个月").replace("半年", "6个月")
    plain = _MIXED.sub(lambda found: _plain(float(found[1]) * _POWERS.get(found[2], 100)), plain)
    return _CHINESE.sub(lambda found: str(_value(found[0])), plain)


def amounts(text: str) -> frozenset[tuple[str, float]]:
    """The amounts in a text with canonical numbers, as (unit, value): years in months, hours in minutes.

    A bare number has the unit ''.
    """
    found = ((unit or "", float(number)) for number, unit in _AMOUNT.findall(text))
    return frozenset(_in_one_unit(unit, number) for unit, number in found)


def _in_one_unit(unit: str, number: float) -> tuple[str, float]:
    same, factor = _SAME_UNIT.get(unit, (unit, 1.0))
    return same, number * factor


def _value(numeral: str) -> int:
    """What a Chinese numeral counts; 一万五 is 15000, as it is said."""
    total = section = digit = 0
    last_power = 1
    for character in numeral:
        power = _POWERS.get(character)
        if power is None:
            digit = digit * 10 + _DIGITS[character] if last_power == 1 and digit else _DIGITS[character]
            last_power = 1 if character in "零〇" else last_power
            continue
        if power == 10_000:
            total, section, digit = (total + section + digit) * power, 0, 0
        else:
            section, digit = section + max(digit, 1) * power, 0
        last_power = power
    shortened = digit * (last_power // 10) if last_power >= 100 else digit
    return total + section + shortened


def _plain(number: float) -> str:
    return f"{number:g}" if number < 100_000 else str(round(number))
