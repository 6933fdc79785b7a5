import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.accounts.vault import KEY_FILE, Key, open_vault, rotate, seal, unseal
from servery.errors import NeedsPerson

KEY = Key([bytes(range(32))])
SECRET = b'{"key": "s3cret"}'


def code(call, *args, **options) -> str:
    with pytest.raises(NeedsPerson) as needed:
        call(*args, **options)
    assert "s3cret" not in str(needed.value)
    return needed.value.code


@given(plaintext=st.binary(), for_=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_unseals(plaintext, for_):
    sealed = seal(KEY, plaintext, for_)
    assert unseal(KEY, sealed, for_) == plaintext
    assert seal(KEY, plaintext, for_) != sealed


@given(st.data())
def test_no_altered_byte_goes_unnoticed(data):
    sealed = bytearray(seal(KEY, SECRET, "connection:1"))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= data.draw(st.integers(1, 255))
    assert code(unseal, KEY, bytes(sealed), "connection:1") in {"vault-damaged", "vault-other-key"}


@pytest.mark.parametrize("length", [0, 1, 5, 16, 17, 20])
def test_sealed_bytes_cut_short_are_damaged(length):
    sealed = seal(KEY, SECRET, "connection:1")[:length]
    assert code(unseal, KEY, sealed, "connection:1") == "vault-damaged"


def test_what_is_sealed_for_one_connection_does_not_open_for_another():
    assert code(unseal, KEY, seal(KEY, SECRET, "connection:1"), "connection:2") == "vault-damaged"


def test_what_was_sealed_on_the_first_day_opens():
    # Fixed for ever: connections sealed today must open in every later version.
    sealed = bytes.fromhex(
        "0198399f30000102030405060708090a0b3c20bd7ebcc7f83baf32a4e8c38c0c4ffe919fe2ba12db12fcafce6228ddf9415a"
    )
    assert unseal(KEY, sealed, "connection:1") == SECRET


def test_another_key_is_told_from_damage():
    sealed = seal(Key([bytes(32)]), SECRET, "connection:1")
    assert code(unseal, KEY, sealed, "connection:1") == "vault-other-key"


def test_a_key_does_not_show_itself():
    assert repr(KEY) == f"{KEY}" == "Key(…)"


def test_the_key_file_is_made_once_for_its_owner_alone(tmp_path):
    home = tmp_path / "not" / "there yet"
    sealed = seal(open_vault(home, in_use=False), SECRET, "connection:1")
    assert unseal(open_vault(home, in_use=True), sealed, "connection:1") == SECRET
    assert (home / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in home.iterdir()] == [KEY_FILE]


def _first_use(home: Path) -> bytes:
    return seal(open_vault(home, in_use=False), SECRET, "connection:1")


def test_many_processes_at_their_first_use_share_one_key(tmp_path):
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as processes:
        sealed = list(processes.map(_first_use, [tmp_path] * 8))
    key = open_vault(tmp_path, in_use=True)
    assert [unseal(key, each, "connection:1") for each in sealed] == [SECRET] * 8


def test_a_key_made_meanwhile_is_not_overwritten(tmp_path, monkeypatch):
    sealed = seal(open_vault(tmp_path, in_use=False), SECRET, "connection:1")
    monkeypatch.setattr(Path, "exists", lambda self: False)
    assert unseal(open_vault(tmp_path, in_use=False), sealed, "connection:1") == SECRET


def test_a_lost_key_is_not_replaced_in_silence(tmp_path):
    assert code(open_vault, tmp_path, in_use=True) == "vault-key-missing"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_key_file_that_others_reach_is_refused(tmp_path, mode):
    open_vault(tmp_path, in_use=False)
    (tmp_path / KEY_FILE).chmod(mode)
    assert code(open_vault, tmp_path, in_use=True) == "vault-key-exposed"
    (tmp_path / KEY_FILE).chmod(0o400)
    open_vault(tmp_path, in_use=True)


@pytest.mark.parametrize("content", [b"", b"\n", b"not base64!", b"c2hvcnQ=", b"\xff\xfe"])
def test_a_damaged_key_file_is_told(tmp_path, content):
    (tmp_path / KEY_FILE).write_bytes(content)
    (tmp_path / KEY_FILE).chmod(0o600)
    with pytest.raises(NeedsPerson, match="damaged"):
        open_vault(tmp_path, in_use=True)


def test_a_key_file_that_is_a_folder_is_told(tmp_path):
    (tmp_path / KEY_FILE).mkdir(mode=0o700)
    with pytest.raises(NeedsPerson, match="cannot be read"):
        open_vault(tmp_path, in_use=True)


def test_after_rotation_the_old_opens_and_the_new_needs_the_new_key(tmp_path):
    before = open_vault(tmp_path, in_use=False)
    old = seal(before, SECRET, "connection:1")
    after = rotate(tmp_path)
    new = seal(after, SECRET, "connection:1")
    assert unseal(after, old, "connection:1") == unseal(after, new, "connection:1") == SECRET
    assert code(unseal, before, new, "connection:1") == "vault-other-key"
    assert unseal(open_vault(tmp_path, in_use=True), new, "connection:1") == SECRET
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
