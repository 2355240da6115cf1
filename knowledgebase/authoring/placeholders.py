"""The fixed placeholders of answers. Pure: names are looked up in a table, nothing is evaluated."""

from enum import StrEnum


class Placeholder(StrEnum):
    """What an answer may leave to the moment; written ``{服务电话}`` or ``{service_phone}``."""

    SERVICE_PHONE = "service_phone"
    WEBSITE = "website"
    TICKET = "ticket"
    PROMISED_TIME = "promised_time"
    CUSTOMER_NAME = "customer_name"


CHINESE_NAMES = {
    "服务电话": Placeholder.SERVICE_PHONE,
    "官网": Placeholder.WEBSITE,
    "工单号": Placeholder.TICKET,
    "承诺时间": Placeholder.PROMISED_TIME,
    "客户称呼": Placeholder.CUSTOMER_NAME,
}
_BY_NAME = {**CHINESE_NAMES, **{one.value: one for one in Placeholder}}


def named(name: str) -> Placeholder | None:
    """The placeholder of this Chinese or English name, or None."""
    return _BY_NAME.get(name)
