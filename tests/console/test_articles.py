"""What readers of the help centre said about articles, where those who write them see it."""

from knowledgebase.authoring import entries
from knowledgebase.learning import articles
from knowledgebase.learning.articles import Reason, Word
from knowledgebase.model import Entry
from tests.console import cast as people
from tests.console.conftest import Console, NewBrowser

HERE = "/console/knowledge/learning?view=disputes"
DAY = 24 * people.HOUR


async def test_articles_that_did_not_help_are_named_with_their_reasons(
    console: Console, new_browser: NewBrowser
) -> None:
    told = [Entry("told", "轮胎多久换一次？", "五年。"), Entry("good", "首保免费吗？", "免费。")]
    await console.database.write(entries.save, told, "test", people.NOON)
    now = console.clock()
    for word, at in (
        (Word("told", 1, "a", False, Reason.OUTDATED), now),
        (Word("told", 1, "b", False), now),
        (Word("told", 1, "c", True), now),
        (Word("good", 1, "a", True), now),
        (Word("good", 1, "old", False), now - 100 * DAY),
        (Word("gone", 1, "a", False), now),
    ):
        await console.database.write(articles.keep, word, at)
    li = await new_browser.of(console.cast.li)
    _, text = await li.open(HERE)
    assert "轮胎多久换一次？" in text
    assert "2 人说没有帮助" in text
    assert "1 人说有帮助" in text
    assert "内容过时 1" in text
    assert "首保免费吗？" not in text.split("没有帮到读者的帮助文章")[1]
