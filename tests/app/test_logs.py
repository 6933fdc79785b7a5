"""What a line of the log holds of an error that quotes a record."""

import json
import logging
import sys

import psycopg

from servery.app.logs import REQUEST, JsonLines, Plain
from servery.errors import Invalid

PLANTED = "Zacharias Plantedsen"


def record(error: BaseException) -> logging.LogRecord:
    try:
        raise error
    except type(error):
        raised = sys.exc_info()
    return logging.LogRecord("servery.x", logging.ERROR, __file__, 1, "reading %s failed", ("7",), raised)


def test_the_words_of_others_stay_out_and_the_place_stays_in():
    failed = record(psycopg.errors.UniqueViolation(f"Key (name)=({PLANTED}) already exists."))
    assert PLANTED in logging.Formatter().format(failed), "what this guards against"
    for told in (JsonLines().format(failed), Plain().format(failed)):
        assert PLANTED not in told
        assert "UniqueViolation" in told
        assert "test_logs.py" in told
    assert PLANTED not in JsonLines().format(record(ValueError(PLANTED)))
    assert "No such file" in JsonLines().format(record(FileNotFoundError(2, "No such file or directory", PLANTED)))


def test_our_own_errors_are_told_without_what_fills_their_places():
    told = json.loads(JsonLines().format(record(Invalid("There is no zone {zone}.", code="no-zone", zone=PLANTED))))
    assert told["error"]["message"] == "no-zone: There is no zone {zone}."


def test_a_line_names_its_request():
    token = REQUEST.set("abc")
    line = logging.LogRecord("servery.x", logging.INFO, __file__, 1, "done", (), None)
    line.fields = {"status": 200}
    assert json.loads(JsonLines().format(line)) | {"at": ""} == {
        "at": "",
        "level": "info",
        "logger": "servery.x",
        "message": "done",
        "request": "abc",
        "status": 200,
    }
    assert Plain().format(line) == "INFO servery.x: done status=200 [abc]"
    REQUEST.reset(token)
