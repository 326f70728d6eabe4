"""Words of two characters in Chinese, Japanese and Korean are found, alone and inside sentences."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import pytest

from tests.support.interfaces.rest import RestApi, provision
from tests.support.servers import RunningServer

#: For each word: a text that contains it among others, and a longer question about it.
WORDS = {
    "缓存": ("我们决定每天清理缓存以节省磁盘空间", "为什么我们要清理缓存呢?"),
    "部署": ("星期五下午禁止部署任何服务", "什么时候可以部署新版本?"),
    "日志": ("日志保存三十天, 然后删除", "日志要保留多久"),
    "密钥": ("API密钥放在Vault里面", "谁知道密钥在哪里?"),
    "認証": ("ユーザーの認証はトークンで行う", "認証の方法を教えてください"),
    "会議": ("毎週月曜日に会議があります", "次の会議はいつですか"),
    "ログ": ("エラーが出たらログを確認すること", "ログはどこで見られますか"),
    "設定": ("設定ファイルはリポジトリの中にある", "この設定を変えるには"),
    "배포": ("금요일에는 배포하지 않기로 했다", "배포는 언제 할 수 있나요?"),
    "오류": ("결제 오류는 재시도로 해결된다", "이 오류가 왜 생겼나요"),
    "회의": ("팀회의는매주화요일에있다", "다음 회의는 언제예요?"),
    "서버": ("테스트서버는 월요일마다 다시 만든다", "테스트 서버 주소가 뭐예요"),
}
#: Texts of the same scripts, and of the same characters, without any of the words.
OTHERS = [
    "数据库在新加坡的机房",
    "前端使用深色主题",
    "東京のオフィスは駅の近くにある",
    "画像はすべて圧縮して送る",
    "점심은 구내식당에서 먹는다",
    "고객 문의는 이메일로 받는다",
    "内存不够, 查询缓慢, 部门在每日晚上才知道",
    "認可と証明書, 会社と議事録, 設備と決定",
    "배송과 포장, 오전과 종류, 서류와 버튼, 회사와 의자",
    "The cache, the log and the deployment are described in the handbook",
]


@pytest.fixture(scope="module")
def api(shared_server: RunningServer, embedder: str) -> Iterator[RestApi]:
    """A tenant with all the texts."""
    with RestApi(shared_server.url, provision(shared_server.url)) as api:
        api.store_many([*OTHERS, *(text for text, _ in WORDS.values())])
        if embedder != "none":
            api.wait_for_model()
        yield api


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_two_characters_is_found_inside_a_sentence(api: RestApi, embedder: str, word: str):
    text, _ = WORDS[word]
    assert len(word) == 2
    assert word in text
    for query in (word, f"{word}?", f" “{word}” ", f"the {word} of it"):
        assert api.contents(q=query)[0] == text
    if embedder == "none":  # vectors match every text, though not first
        assert api.contents(q=word) == [text]


@pytest.mark.parametrize("word", WORDS)
def test_a_question_about_a_word_finds_it_too(api: RestApi, word: str):
    """Not always first: the endings of verbs are pairs of characters like any other."""
    text, question = WORDS[word]
    assert text in api.contents(q=question)[:3]


def test_a_word_is_found_right_after_its_store_and_not_after_its_deletion(api: RestApi):
    for word in ("锁表", "鍵束", "열쇠"):
        stored = api.store(f"昨天{word}发生了两次")
        assert api.contents(q=word)[0] == stored["content"]
        api.delete(stored["id"])
        assert stored["content"] not in api.contents(q=word)


@pytest.mark.parametrize(
    ("spelled", "word"),
    [
        (unicodedata.normalize("NFD", "배포"), "배포"),
        ("ﾛｸﾞ", "ログ"),
        (unicodedata.normalize("NFD", "ログ"), "ログ"),
    ],
)
def test_other_spellings_of_the_same_characters_find_a_word_too(api: RestApi, spelled: str, word: str):
    assert spelled != word
    assert api.contents(q=spelled)[0] == WORDS[word][0]


def test_a_word_beside_latin_letters_is_found(api: RestApi):
    text = WORDS["密钥"][0]
    for query in ("API密钥", "vault 密钥", "密钥在Vault里"):
        assert api.contents(q=query)[0] == text
