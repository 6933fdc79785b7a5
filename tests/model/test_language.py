"""Which texts are tags of languages, and how one is written."""

import pytest

from servery.model.language import language_tag


@pytest.mark.parametrize(
    ("text", "tag"),
    [("da", "da"), ("EN", "en"), ("en_gb", "en-GB"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419"),
     ("tlh", "tlh"), ("klingon", None), ("xx", None), ("en-XX", None), ("da-1996", None), ("und", None),
     ("english", None), ("", None), ("-", None), ("d a", None), ("日本語", None), ("en-US-u-ca-gregory", None)],
)  # fmt: skip
def test_a_tag_is_one_that_cldr_knows(text, tag):
    assert language_tag(text) == tag
