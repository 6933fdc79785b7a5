"""Finding guests by words: of their names, of tags, and of what is noted of them, or of both together."""

from collections.abc import Sequence
from itertools import combinations

from msgspec import Struct, structs

from servery.guests import vocabulary
from servery.guests.finding import Candidate, Wanted, goldens, having, other_names
from servery.guests.fitting import GOOD, best_in, folded, score_of
from servery.guests.found_by import MARKS, NEEDS, TextKind, latin, texts_of
from servery.guests.rows import Db
from servery.guests.vocabulary import Begun
from servery.model.guest import Golden
from servery.model.viewer import Viewer
from servery.storage.names import fold, query_keys

_MOST_WORDS = 8
"""Typed words that are looked for; nobody types more of a name, and a pasted page is none."""
_ENOUGH = 5
"""So many found as they were typed, and nobody need have slipped."""
_LEAST_BEGUN = 3
"""Letters from which on a word of a note may be unfinished."""
_THREE = 3
_TEXTS_READ = 100
"""Guests of whom it is read what is noted of them, where no more are wanted; the others fit the same words."""
_LESS_FOR: dict[TextKind, float] = {"tag": 6, "preference": 7, "allergy": 7, "note": 8}
"""A word is more likely a name: so much less counts what is found in a text."""


class Fit(Struct, frozen=True):
    """A guest found by words: by their name, where `kind` is none, or by a `text`, which may be another name."""

    id: int
    name: str | None
    score: float
    kind: TextKind | None = None
    text: str | None = None


def typed_words(text: str) -> list[list[str]]:
    """The words that somebody typed, folded; once more in Latin letters where they are in others."""
    return [words for written in (fold(text), latin(text)) if (words := written.split()[:_MOST_WORDS])]


async def by_words(db: Db, viewer: Viewer, text: str, limit: int) -> list[Fit]:
    """The guests that a text's words fit, as far as the viewer may find by them."""
    kinds = [kind for kind in MARKS if viewer.may(NEEDS[kind])]
    found: dict[int, Fit] = {}
    for words in typed_words(text):
        if len(found) < min(limit, _ENOUGH):
            await _Search(db, words, kinds, found, limit).run()
    return list(found.values())


class _Search(Struct):
    """One search for some folded words, and what it found so far; `limit` are wanted."""

    db: Db
    words: Sequence[str]
    kinds: Sequence[TextKind]
    found: dict[int, Fit]
    limit: int

    @property
    def _few(self) -> bool:
        return len(self.found) < min(self.limit, _ENOUGH)

    async def run(self) -> None:
        await self._named([Wanted(_whole(word)) for word in self.words])
        marks = [MARKS[kind] for kind in self.kinds]
        begun = [await vocabulary.begun(self.db, word, marks) for word in self.words]
        if self._few:
            await self._named([_unfinished(word, each) for word, each in zip(self.words, begun, strict=True)])
        if len(self.found) < self.limit:
            texts = [self._unfinished_texts(word, each) for word, each in zip(self.words, begun, strict=True)]
            await self._told([_unfinished(word, each) for word, each in zip(self.words, begun, strict=True)], texts)
        if self._few:
            await self._meant(begun, marks)

    def _unfinished_texts(self, word: str, begun: Begun) -> list[str]:
        if len(word) < _LEAST_BEGUN and word.isascii():
            return [mark + word for mark in map(MARKS.__getitem__, self.kinds) if mark + word in begun.texts]
        return list(begun.texts)

    async def _meant(self, begun: Sequence[Begun], marks: Sequence[str]) -> None:
        """Take in those who are found by words like those that were typed."""
        like = [await vocabulary.like(self.db, word, marks) for word in self.words]
        names = [
            structs.replace(first, any_of=[*first.any_of, *(one for one in words if one[0].isalnum())])
            for first, words in zip(map(_unfinished, self.words, begun), like, strict=True)
        ]
        if any(one[0].isalnum() for words in like for one in words):
            await self._named(names)
        marked = [[one for one in words if not one[0].isalnum()] for words in like]
        if self._few and any(marked):
            await self._told(names, [[*each.texts, *words] for each, words in zip(begun, marked, strict=True)])

    async def _named(self, wanted: Sequence[Wanted]) -> None:
        """Take in those whose name fits."""
        if not all(one.all_of or one.any_of for one in wanted):
            return
        others = []
        scores: dict[str | None, float] = {}
        for one in await having(self.db, [wanted]):
            if one.name not in scores:
                scores[one.name] = self._score(one.name)
            self._take(Fit(one.id, one.name, scores[one.name]))
            if not scores[one.name]:
                others.append(one)
        await self._named_otherwise(others[:_TEXTS_READ])

    async def _named_otherwise(self, candidates: Sequence[Candidate]) -> None:
        """Those whom only another record calls so."""
        called = await other_names(self.db, [one.id for one in candidates]) if candidates else {}
        for one in candidates:
            best = max(called.get(one.id, [""]), key=self._score)
            self._take(Fit(one.id, one.name, self._score(best) - 1, text=best))

    async def _told(self, names: Sequence[Wanted], texts: Sequence[Sequence[str]]) -> None:
        """Take in those of whom all words are said, some of them perhaps in the name."""
        ways = [
            [Wanted(any_of=texts[place]) if place in told else names[place] for place in range(len(self.words))]
            for told in _ways([place for place, each in enumerate(texts) if each], len(self.words))
        ]
        ways = [way for way in ways if all(one.all_of or one.any_of for one in way)]
        if not ways:
            return
        some = await having(self.db, ways)
        known = await goldens(self.db, [one.id for one in some[: max(self.limit, _TEXTS_READ)]])
        for guest_id, golden in known.items():
            if fit := self._fit(guest_id, golden):
                self._take(fit)

    def _fit(self, guest_id: int, golden: Golden) -> Fit | None:
        told = [(kind, text) for kind, text in texts_of(golden) if kind in self.kinds]
        known = golden.name.value if golden.name else None
        name = folded(known or "")
        scores = [max((best_in(word, text) for _, text in told), default=0.0) for word in self.words]
        scores = [max(score, score_of([word], name)) for word, score in zip(self.words, scores, strict=True)]
        if not told or not all(scores):
            return None
        kind, text = max(told, key=lambda one: sum(best_in(word, one[1]) for word in self.words))
        sizes = [len(word) for word in self.words]
        mean = sum(score * size for score, size in zip(scores, sizes, strict=True)) / sum(sizes)
        return Fit(guest_id, known, mean - _LESS_FOR[kind], kind, text)

    def _score(self, name: str | None) -> float:
        if name is None:
            return 0.0
        best = score_of(self.words, folded(name))
        if not best and not name.isascii():
            best = score_of(self.words, latin(name).split())
        return best if best >= GOOD else 0.0

    def _take(self, fit: Fit) -> None:
        known = self.found.get(fit.id)
        if fit.score >= GOOD - max(_LESS_FOR.values()) and (known is None or known.score < fit.score):
            self.found[fit.id] = fit


def _whole(word: str) -> list[str]:
    """The keys of a word as it is. Of three letters, it is among the keys of longer ones too, but not its end."""
    return [f"^{word[:2]}", word, f"{word[1:]}$"] if len(word) == _THREE else [word]


def _unfinished(word: str, begun: Begun) -> Wanted:
    return Wanted(query_keys(word)) if begun.names is None else Wanted(any_of=begun.names)


def _ways(places: Sequence[int], words: int) -> list[tuple[int, ...]]:
    """Which of the words may be said in texts and not in the name, the most of them first; not all mixtures of many."""
    sizes = range(len(places), 0, -1) if words <= _THREE else sorted({len(places), 1} - {0}, reverse=True)
    return [each for size in sizes for each in combinations(places, size)]
