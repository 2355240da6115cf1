"""Covers what tells who somebody is, in a text that outlives its conversation. Pure.

Covered are mail addresses, phone numbers, identity, bank-card and chassis numbers, number plates, account names of
messengers, and any other run of nine digits or more. Service numbers that companies publish (400, 800, 95xxx) stay.
A name or a street in plain words cannot be told from other words and stays too.
"""

import re
import unicodedata

MASK = "×××"

_GAP = r"[ \-·.]?"
_PLATE_PLACES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PERSONAL = re.compile(
    "|".join((
        # a mail address
        r"[a-z0-9._%+\-]{1,64}@[a-z0-9\-]{1,63}(?:\.[a-z0-9\-]{1,63}){1,4}",
        # 微信号: …, QQ …, wechat …
        r"(?:微信号?|威信|vx|wechat(?: id)?|qq号?|q号)(?:是|为|[:\s]){0,3}(?P<name>[a-z0-9][a-z0-9_\-]{4,29})",
        # a chassis number: 17 letters and digits, both
        r"(?<![a-z0-9])(?=[a-z0-9]{0,16}[a-z])(?=[a-z0-9]{0,16}[0-9])[a-hj-npr-z0-9]{17}(?![a-z0-9])",
        # an identity number
        r"(?<![0-9])[1-9][0-9]{16}[0-9x](?![0-9a-z])",
        # a mobile number, with or without +86, however it is grouped
        rf"(?<![0-9])(?:\+?86{_GAP})?1[3-9][0-9]{_GAP}(?:[0-9]{{4}}{_GAP}[0-9]{{4}}|[0-9]{{3}}{_GAP}[0-9]{{5}})(?![0-9])",
        # a line at home or at work
        rf"(?<![0-9])\(?0[1-9][0-9]{{1,2}}\)?{_GAP}[2-9][0-9]{{2,3}}{_GAP}[0-9]{{4}}(?![0-9])",
        # a number plate
        rf"[{_PLATE_PLACES}][a-hj-np-z][ ·.\-]?[a-hj-np-z0-9]{{4,5}}[a-hj-np-z0-9学警挂港澳领](?![a-z0-9])",
        # a bank card as it is printed, a number of another country
        r"(?<![0-9])[1-9][0-9]{3}(?:[ \-][0-9]{4}){3}(?:[ \-]?[0-9]{1,3})?(?![0-9])",
        r"\+[0-9](?:[ \-]?[0-9]){8,14}(?![0-9])",
        # orders, cards and whatever else counts so high; not 400 000 0101
        r"(?<![0-9])(?!(?:400|800)[0-9]{7}(?![0-9]))[0-9]{9,40}(?![0-9])",
    )),
    re.IGNORECASE,
)  # fmt: skip


def mask_personal(text: str) -> str:
    """The text with MASK in the place of what tells who somebody is; full-width digits and letters count."""
    folded = "".join(_folded(character) for character in text)
    masked, end = [], 0
    for found in _PERSONAL.finditer(folded):
        start = found.start("name") if found["name"] else found.start()
        masked += [text[end:start], MASK]
        end = found.end()
    return "".join((*masked, text[end:]))


def _folded(character: str) -> str:
    """The character in its plain form, if that is one character."""
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 else character
