"""What is answered by mail, and how much of it wrongly: the labelled questions as chat messages, and dressed as mails.

The peer is a mail looked up as it stands, without taking a letter's manners off.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.decide import Answer, Decision, HandOff, Limits
from bot.intent import wish
from bot.mail.asking import read_mail
from bot.mail.deciding import MailSituation, decide_mail, read_mail_for
from knowledgebase.authoring.transfer import read_entries
from knowledgebase.judging.labelled import read_questions
from knowledgebase.judging.trials import Question
from knowledgebase.search import KnowledgeBase

DATA = Path(__file__).parent.parent / "knowledgebase" / "data"
CHAT, MAIL = 0.97, 0.985
SEED = 4
SUBJECTS = ("咨询", "请教一个问题", "您好", "Re: 回复：客服", "问题咨询", "")
GREETINGS = ("您好：\n", "尊敬的客服：\n\n您好！\n", "客服您好，", "你好，打扰了。", "Hi 客服团队，\n", "")
WHO = ("我是E40车主。", "我叫李强，上个月买的车。", "", "", "")
LEADS = ("请问", "想咨询一下，", "想问一下", "", "麻烦问一下，")
ENDS = (
    "谢谢！\n\n李强",
    "\n期待您的回复，谢谢。\n此致\n敬礼\n王芳\n2026年11月26日",
    "盼复，辛苦了！",
    "\n订单号：A12345678\n祝工作顺利\n张伟",
    "",
)


@dataclass(frozen=True, slots=True)
class Dressed:
    """A mail and the entries that answer its questions, a set for each; an empty one where nothing does."""

    subject: str
    text: str
    expected: tuple[frozenset[str], ...]


@dataclass
class Tally:
    """Questions, those answered, and answers given that are right for none of the mail's questions."""

    questions: int = 0
    answered: int = 0
    wrong: int = 0

    @property
    def told(self) -> str:
        wrong = self.wrong / self.answered if self.answered else 0.0
        return f"{self.questions} questions, {self.answered / self.questions:.1%} answered, {wrong:.2%} of those wrong"


def run() -> dict[str, float]:
    """Answered and wrong shares, in shares of 1."""
    found, _ = read_entries(DATA / "demo.jsonl")
    base = KnowledgeBase.build(found).calibrated(CHAT)
    questions = read_questions(DATA / "questions-test.jsonl")
    limits = {share: Limits(base.calibration.thresholds_for(share)) for share in (CHAT, MAIL)}
    for share, one in limits.items():
        print(f"{share:.1%} right wanted: answer from {one.thresholds.answer:.3f}")
    tallies = {
        "chat": _bare(base, questions, limits[CHAT]),
        "bare at the mail's limit": _bare(base, questions, limits[MAIL]),
        "mails, one question": _mails(base, _dressed(questions, 1), limits[MAIL]),
        "mails, two questions": _mails(base, _dressed(questions, 2), limits[MAIL]),
        "peer: mails as they stand": _as_they_stand(base, _dressed(questions, 1), limits[MAIL]),
    }
    for name, tally in tallies.items():
        print(f"{name}: {tally.told}")
    return {
        f"{name}, {figure}": value
        for name, tally in tallies.items()
        for figure, value in (
            ("answered", tally.answered / tally.questions),
            ("wrong", tally.wrong / max(1, tally.answered)),
        )
    }


def _dressed(questions: Sequence[Question], each: int) -> list[Dressed]:
    """The questions in letters, so many in each, always the same."""
    chance = random.Random(SEED)
    order = list(questions)
    chance.shuffle(order)
    return [_letter(order[at : at + each], chance) for at in range(0, len(order) - each + 1, each)]


def _letter(asked: Sequence[Question], chance: random.Random) -> Dressed:
    texts = [one.utterance if one.utterance[-1:] in "?？。！" else f"{one.utterance}？" for one in asked]
    listed = len(texts) > 1 and chance.random() < 0.7
    body = "\n" + "\n".join(f"{number}. {text}" for number, text in enumerate(texts, 1)) if listed else ""
    lead = "有几个问题：" if listed else chance.choice(LEADS)
    body = body or "另外，".join(texts)
    text = f"{chance.choice(GREETINGS)}{chance.choice(WHO)}{lead}{body}{chance.choice(ENDS)}"
    return Dressed(chance.choice(SUBJECTS), text, tuple(one.expected for one in asked))


def _mails(base: KnowledgeBase, mails: Sequence[Dressed], limits: Limits) -> Tally:
    tally = Tally()
    for mail in mails:
        asked = read_mail(mail.subject, mail.text)
        situation = MailSituation(asked, wish(asked.said) if asked.said else None)
        found = {text: base.search(text, 5) for text in read_mail_for(situation)}
        _count(tally, mail, _given(decide_mail(situation, found, limits)))
    return tally


def _given(decision: Decision) -> list[str]:
    match decision:
        case Answer(matches, None | HandOff()):
            return [one.entry.id for one in matches]
    return []


def _count(tally: Tally, mail: Dressed, given: Sequence[str]) -> None:
    tally.questions += len(mail.expected)
    tally.answered += len(given)
    tally.wrong += sum(not any(one in right for right in mail.expected) for one in given)


def _bare(base: KnowledgeBase, questions: Sequence[Question], limits: Limits) -> Tally:
    return _as_they_stand(base, [Dressed("", one.utterance, (one.expected,)) for one in questions], limits)


def _as_they_stand(base: KnowledgeBase, mails: Sequence[Dressed], limits: Limits) -> Tally:
    tally = Tally()
    for mail in mails:
        matches = base.search(f"{mail.subject}\n{mail.text}".strip(), 1)
        sure = bool(matches) and matches[0].confidence >= limits.thresholds.answer
        _count(tally, mail, [matches[0].entry.id] if sure else [])
    return tally


if __name__ == "__main__":
    run()
