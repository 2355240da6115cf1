"""What somebody wrote now is told from what they quote, whatever program wrote it."""

import time

import pytest

from bot.mail.written.quotes import split

NOW = "轮胎漏气了，怎么办？\n谢谢！"
OLD = "您好，请问有什么可以帮您？"

ABOVE = {
    "qq": "------------------ 原始邮件 ------------------\n发件人: \"客服\" <kefu@example.cn>;\n主题: 轮胎\n\n",
    "qq with a non-breaking space": "------------------\xa0原始邮件\xa0------------------\n"
    "发件人:\xa0\"客服\"<kefu@example.cn>;\n\n",
    "qq in english": '------------------ Original ------------------\nFrom: "kefu"<kefu@example.cn>;\nSubject: x\n\n',
    "foxmail": "发件人： 客服\n发送时间： 2021-03-10 09:33\n收件人： 李雷\n主题： 轮胎\n\n",
    "163": 'At 2021-03-10 09:33:00, "客服" <kefu@example.cn> wrote:\n',
    "163 in chinese": "在 2021-03-10 09:33:00，\"客服\" <kefu@example.cn> 写道：\n",
    "163 with marks": "At 2021-03-10 09:33:00, \"客服\" <kefu@example.cn> wrote:\n>",
    "netease master": "---- 回复的原邮件 ----\n| 发件人 | 客服<kefu@example.cn> |\n| 日期 | 2023年03月10日 09:33 |\n\n",
    "netease master before": "---- 在2018年05月10日 16:29，客服<kefu@example.cn> 写道： ----\n",
    "outlook": "-----邮件原件-----\n发件人: 客服 [mailto:kefu@example.cn]\n发送时间: 2021年3月10日 9:33\n\n",
    "outlook without dashes": "发件人: 客服 <kefu@example.cn>\n发送时间: 2021年3月10日 9:33\n"
    "收件人: 李雷\n主题: 轮胎\n\n",
    "outlook in taiwan": "-----原始郵件-----\n寄件者: 客服\n寄件日期: 2021年3月10日\n收件者: 李雷\n主旨: 輪胎\n\n",
    "outlook on the web": "________________________________\n发件人: 客服 <kefu@example.cn>\n发送时间: 2021年3月10日\n"
    "收件人: 李雷\n抄送: 韩梅梅\n主题: 轮胎\n\n",
    "outlook in bold": "*发件人:* 客服\n*发送时间:* 2021年3月10日\n*收件人:* 李雷\n*主题:* 轮胎\n\n",
    "outlook in english": "From: Service\nSent: Wednesday, 10 March 2021 09:33\nTo: Li\nSubject: Tyres\n\n",
    "outlook in german": "Von: Service <kefu@example.cn>\nGesendet: Mittwoch, 10. März 2021 09:33\n"
    "An: Li\nBetreff: Reifen\n\n",
    "outlook in french": "De : Service <kefu@example.cn>\nEnvoyé : mercredi 10 mars 2021\nÀ : Li\nObjet : Pneus\n\n",
    "outlook in japanese": "差出人: サービス <kefu@example.cn>\n送信日時: 2021年3月10日 9:33\n"
    "宛先: 李\n件名: タイヤ\n\n",
    "apple": "> 在 2016年12月12日，下午8:45，客服 <kefu@example.cn> 写道：\n> \n> ",
    "apple unmarked above": "在 2016年12月12日，下午8:45，客服 <kefu@example.cn> 写道：\n\n> ",
    "apple in english": "> On 22 Aug 2015, at 19:21, Service <kefu@example.cn> wrote:\n> \n> ",
    "apple in japanese": "2021/03/10 9:33、サービス <kefu@example.cn>のメール:\n\n> ",
    "gmail": "客服 <kefu@example.cn> 于2021年9月13日周一 上午11:22写道：\n\n> ",
    "gmail with the name above": "客服 <kefu@example.cn>\n于2021年9月13日周一 上午11:22写道：\n\n> ",
    "gmail broken late": "客服 <kefu@example.cn> 于2021年9月13日周一\n上午11:22写道：\n\n> ",
    "gmail in taiwan": "客服 <kefu@example.cn> 於 2022年2月12日 週六 上午12:14寫道：\n\n> ",
    "gmail in english": "On Mon, Sep 13, 2021 at 11:22 AM Service\n<kefu@example.cn> wrote:\n\n> ",
    "gmail in japanese": "2021年9月13日(月) 11:22 サービス <kefu@example.cn>:\n\n> ",
    "gmail in german": "Am Mo., 13. Sept. 2021 um 11:22 Uhr schrieb Service <kefu@example.cn>:\n\n> ",
    "gmail in spanish": "El lun, 13 sept 2021 a las 11:22, Service (<kefu@example.cn>) escribió:\n\n> ",
    "thunderbird": "在 2021/3/10 上午9:33, 客服 写道:\n> ",
    "thunderbird in german": "Am 10.03.2021 um 09:33 schrieb Service:\n> ",
    "thunderbird in french": "Le 10/03/2021 à 09:33, Service a écrit :\n> ",
    "aliyun": "-" * 66 + "\n发件人：客服 <kefu@example.cn>\n发送时间：2021年3月10日(星期三) 09:33\n"
    "收件人：li\n主　题：轮胎\n\n",
    "dingtalk": "-" * 66 + "\n发件人：客服<kefu@example.cn>\n日　期：2021年03月10日 09:33:12\n"
    "收件人：<li@example.cn>\n\n",
    "huawei": "-------- 原始邮件 --------\n发件人：客服 <kefu@example.cn>\n日期：2021年3月10日周三 09:33\n\n",
    "xiaomi": "客服 <kefu@example.cn> 在 2021年3月10日 上午9:33写道：\n",
    "french broken in the address": "Le 4 déc. 2017 à 11:14, Service <kefu@example.cn\n> a écrit :\n> ",
    "norwegian broken in the address": "tir. 18. apr. 2017 kl. 13:09 skrev Service <kefu@example.cn\n>:\n\n> ",
    "czech": "po 1. 10. 2018 v 10:00 odesílatel Service <kefu@example.cn> napsal:\n> ",
    "vietnamese": "Vào T2, 10 thg 3, 2020 vào lúc 10:00 Service <kefu@example.cn> đã viết:\n\n> ",
    "finnish": "ti 5. maalisk. 2019 klo 10.00 Service (kefu@example.cn) kirjoitti:\n\n> ",
    "english in three lines": "On Dec 16, 2011, at 12:47 PM, Service\n<kefu@example.cn>\nwrote:\n\n> ",
    "a phone of qq": "---Original---\nFrom: \"kefu\"<kefu@example.cn>\nDate: Wed, Mar 10, 2021\nSubject: x\n\n",
    "coremail": "-----原始邮件-----\n发件人:\"客服\" <kefu@example.cn>\n发送时间:2021-03-10 09:33:00 (星期三)\n\n",
    "english words": "-----Original Message-----\nFrom: Service\n\n",
    "dutch": "-----Oorspronkelijk bericht-----\nVan: Service\n\n",
    "russian": "вт, 12 мар. 2019 г. в 12:00, Service <kefu@example.cn>:\n\n> ",
    "korean": "2021년 3월 10일 (수) 오전 9:33, 客服 <kefu@example.cn>님이 작성:\n\n> ",
}  # fmt: skip

BELOW = {
    "iphone": "发自我的iPhone",
    "iphone with a space": "发自我的 iPhone",
    "iphone sent": "从我的iPhone发送",
    "iphone in taiwan": "從我的 iPhone 傳送",
    "huawei": "来自我的华为手机",
    "huawei model": "发自我的HUAWEI Mate 40",
    "xiaomi": "发自我的小米手机",
    "wecom": "发自我的企业微信",
    "netease": "发自网易邮箱大师",
    "outlook": "发自 Outlook for iOS<https://aka.ms/o0ukef>",
    "get outlook": "获取 Outlook for Android<https://aka.ms/AAb9ysg>",
    "windows": "从 Windows 版邮件发送",
    "english": "Sent from my iPhone",
    "german": "Von meinem iPhone gesendet",
    "french": "Envoyé de mon iPhone",
    "japanese": "iPhoneから送信",
    "german with a full stop": "Von meinem Samsung Galaxy Smartphone gesendet.",
    "dashed name": "-Li Lei",
    "marked": "-- \n李雷\n某某有限公司",
    "card": "------------------\n李雷\n某某有限公司\n电话：021-0000-0000",
    "foxmail": "li.lei@example.cn",
    "foxmail with a rule": "________________________________\nli.lei@example.cn",
    "disclaimer": "本邮件及其附件含有某某公司的保密信息，仅限于发送给上面地址中列出的收件人。\n"
    "禁止任何其他人以任何形式使用。",
    "disclaimer in english": "This e-mail and its attachments contain confidential information,\n"
    "which is intended only for the recipient named above.",
    "phone and disclaimer": "发自我的iPhone\n\n免责声明：本邮件内容保密，误收请删除。",
}  # fmt: skip


@pytest.mark.parametrize("above", ABOVE.values(), ids=ABOVE)
def test_what_stands_below_is_quoted(above: str) -> None:
    written = split(f"{NOW}\n\n{above}{OLD}\n")
    assert written.now == NOW
    assert OLD in written.rest


@pytest.mark.parametrize(
    "above", [above for above in ABOVE.values() if not above.startswith("客服 <kefu@example.cn>\n")]
)
def test_a_quote_is_found_without_a_blank_line_before_it(above: str) -> None:
    assert split(f"{NOW}\n{above}{OLD}\n").now == NOW


@pytest.mark.parametrize("below", BELOW.values(), ids=BELOW)
def test_a_signature_is_cut_at_the_end(below: str) -> None:
    assert split(f"{NOW}\n\n{below}\n", "li.lei@example.cn").now == NOW


@pytest.mark.parametrize("below", BELOW.values(), ids=BELOW)
def test_a_signature_is_cut_above_a_quote(below: str) -> None:
    assert split(f"{NOW}\n\n{below}\n\n{ABOVE['qq']}{OLD}", "li.lei@example.cn").now == NOW
    assert split(f"{NOW}\n\n{below}\n\n{ABOVE['gmail']}{OLD}", "li.lei@example.cn").now == NOW


def test_a_chain_of_quotes_is_cut_at_the_first() -> None:
    text = NOW + "\n\n" + "\n".join(f"{above}{OLD} {n}" for n, above in enumerate(ABOVE.values()))
    assert split(text).now == NOW


@pytest.mark.parametrize(
    "text",
    [
        "您好：\n\n> 您的订单号是多少？\n20260011\n> 什么时候买的？\n上周五",
        "> 您的订单号是多少？\n20260011",
        "回答在下面\n\n在 2021/3/10 上午9:33, 客服 写道:\n> 订单号？\n20260011\n> 日期？\n昨天\n",
        "客服 <kefu@example.cn> 于2021年9月13日周一 上午11:22写道：\n\n> 订单号？\n\n20260011\n\n> 日期？\n\n昨天",
    ],
)
def test_answers_within_a_quote_are_kept_whole(text: str) -> None:
    assert split(text).now == text.strip()


def test_an_answer_below_one_quote_is_what_was_written() -> None:
    written = split(f"On 04/02/2012 06:26 PM, Service wrote:\n> {OLD}\n> \n\n{NOW}\n\n-- \nLi")
    assert written.now == NOW
    assert OLD in written.rest


def test_a_line_broken_off_a_long_quoted_one_is_no_answer() -> None:
    long = "> " + "这是一行很长很长的被引用的文字，" * 5
    assert split(f"{NOW}\n\n在 2021/3/10 上午9:33, 客服 写道:\n{long}\n还没有完\n> 完了\n").now == NOW


FORWARDED = "---------- Forwarded message ---------\n发件人： 客服 <kefu@example.cn>\n主题： 轮胎\n\n" + OLD


@pytest.mark.parametrize(
    "mark",
    [
        "---------- Forwarded message ---------",
        "---------- 转发邮件 ----------",
        "-------- 转发邮件信息 --------",
        "---------- 转发的邮件 ---------",
        "---------- 轉寄郵件 ----------",
        "Begin forwarded message:",
        "开始转发的邮件：",
        "下面是被转发的邮件：",
        "-------- Weitergeleitete Nachricht --------",
    ],
)
def test_a_mail_handed_on_without_a_word_is_the_content(mark: str) -> None:
    handed_on = f"{mark}\n\n发件人： 客服 <kefu@example.cn>\n日期： 2021年3月10日\n主题： 轮胎\n\n{OLD}"
    assert split(handed_on).now == handed_on
    assert split(f"\n\n发自我的iPhone\n\n{handed_on}").now == handed_on
    assert split(f"{NOW}\n\n{handed_on}").now == NOW


@pytest.mark.parametrize(
    "text",
    [
        "发自我的iPhone",
        "-- \n李雷",
        f"------------------ 原始邮件 ------------------\n发件人: kefu@example.cn\n\n{OLD}",
        f"> {OLD}",
        "li.lei@example.cn",
        "-",
        "",
    ],
)
def test_where_nothing_remains_everything_is_shown(text: str) -> None:
    assert split(text, "li.lei@example.cn").now == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "寄件人：李雷\n收件人：韩梅梅\n日期：3月5日\n请帮我查一下快递",
        "From: Beijing\nTo: Shanghai\nDate: 5 March\nHow much is it?",
        "我想问两件事：\n1. 轮胎\n2. 保养",
        "你们客服 10:30 写道：\n可以退款\n现在又说不行",
        "我看到网站上写道：\n七天无理由退货",
        "主题：轮胎漏气\n型号：A1\n日期：2026年3月5日",
        "来自我朋友的推荐",
        "发自内心的感谢",
        "这个手机壳是从你们店买的，手机发烫",
        "价格如下\n------\n轮胎 300 元，对吗？",
        "请看 -- 这里 -- 的图片",
        "本邮件附件是保密协议，请签字后寄回。",
        "我的邮箱是\nli.other@example.cn",
        "Sent from where? I do not know.",
        "Here it is\n\nSent from my desk, which is easier than my phone.",
        "买这些：\n\n-苹果\n-梨",
        "At 9:30 your agent wrote:\nyou will get it back",
        "如果温度 > 40 度\n会坏吗",
    ],
)
def test_what_looks_like_a_quote_and_is_none_stays(text: str) -> None:
    assert split(text, "li.lei@example.cn").now == text


def test_nothing_is_lost_between_the_two() -> None:
    text = f"{NOW}\n\n发自我的iPhone\n\n{ABOVE['foxmail']}{OLD}"
    written = split(text)
    assert "".join((written.now + written.rest).split()) == "".join(text.split())


HOSTILE = (
    "> ", ">", ">\n", "> a\n", "-", "--\n", "-\n", "_" * 60 + "\n", "发件人：", "发件人：\n", "发件人： a@b\n\n",
    "写道：\n", "From:\n",
    "On 1/1/2020 10:10 a@b wrote:\n", "于2021年9月13日 11:22写道：\n", "a@b.cn\n", "a:\n", ":\n", "sent from my ",
    "发自我的\n",
    "本邮件保密收件人", "本邮件保密\n收件人\n",
    "1-1-", "1月1日\n", "1 a ", " ", "\u3000", "\n", "\n\n", "|", "*", "|发件人|\n",
    "---- 写道 ", "outlook https://aka.ms/ ", "电话", "\xa0", "https://a ", "主题：\n发件人：\n",
)  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_text_takes_no_longer_than_its_length(unit: str) -> None:
    text = (unit * (100_000 // len(unit)))[:100_000]
    begun = time.process_time()
    split(text, "a@b.cn")
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("unit", ["\n", "a\n", "> a\n", "写道：\n"])
def test_a_very_long_text_is_read_by_its_beginning(unit: str) -> None:
    begun = time.process_time()
    assert split(f"{NOW}\n\n{ABOVE['qq']}" + unit * 500_000).now == NOW
    assert time.process_time() - begun < 5
    assert split(NOW + "。" * 200_000).now == NOW + "。" * 200_000
