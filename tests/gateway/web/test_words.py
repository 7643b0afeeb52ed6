"""The page's catalogues: both languages whole, and every word that the page asks for is there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final, get_args

import pytest

from gateway import boxes
from gateway.alarms.definitions import DEFINITIONS
from gateway.ledger.entries import ENTRY_FIELDS
from gateway.ledger.stock import Status
from gateway.telemetry.completeness import UNKNOWN
from gateway.web import gap_reads, sentences
from gateway.web.reads import GROUPS
from wire.control import Mode
from wire.events import Gap

STATIC: Final = Path(__file__).resolve().parents[3] / "gateway" / "web" / "static"
SCRIPTS: Final = sorted(STATIC.rglob("*.js"))
LINE_CHARS_MAX: Final = 110
FILE_LINES_MAX: Final = 250


def words(name: str) -> dict[str, str]:
    """Return a catalogue."""
    held = json.loads((STATIC / f"words.{name}.json").read_text(encoding="utf-8"))
    assert isinstance(held, dict)
    return held


def test_both_languages_have_the_same_words() -> None:
    """A key that is missing would show itself to the operator."""
    assert words("en").keys() == words("zh").keys()


def test_both_languages_tell_the_same_facts() -> None:
    """A sentence that leaves out who or how many would be another sentence."""
    chinese = words("zh")
    for key, text in words("en").items():
        facts = {one.split("|")[0] for one in re.findall(r"\{([^}]+)\}", text)}
        theirs = {one.split("|")[0] for one in re.findall(r"\{([^}]+)\}", chinese[key])}
        assert facts >= theirs, key
        assert facts - theirs <= {"count"}, key


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_word_that_a_script_names_is_there(path: Path) -> None:
    """`t("key")` must never show the key."""
    held = words("en")
    for key in re.findall(r"\bt\(\s*\"([^\"]+)\"", path.read_text(encoding="utf-8")):
        assert key in held, f"{path.name}: {key}"


def test_every_kind_of_entry_has_its_sentence() -> None:
    """A new kind of the journal needs words before it reaches the page."""
    assert set(ENTRY_FIELDS) == sentences.KINDS
    source = Path(sentences.__file__).read_text(encoding="utf-8")
    keys = set(re.findall(r"(?:_say|_plain|_row|_book)\(\s*\"(\w+)\"", source))
    keys |= {*sentences._PLACE_SAYS.values(), *sentences._STATUS_SAYS.values()}
    keys |= {f"pallet_{one}" for one in sentences._PLACE_SAYS.values()}
    keys |= set(sentences._TRUCK_SAYS.values())
    held = words("en")
    assert [key for key in sorted(keys) if f"j.{key}" not in held] == []


def test_every_value_that_the_ledger_writes_has_its_word() -> None:
    """States and groups are looked up by name."""
    held = words("en")
    wanted = [f"status.{one.value}" for one in Status] + [f"group.{one}" for one in GROUPS]
    assert [key for key in wanted if key not in held] == []
    assert all(one.zh.title for one in DEFINITIONS.values())


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_short_and_writes_no_markup_past_html(path: Path) -> None:
    """One subject a file, lines that fit; markup is escaped by construction in one place."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(lines) <= FILE_LINES_MAX
    assert [n for n, line in enumerate(lines, 1) if len(line) > LINE_CHARS_MAX] == []
    assert ".innerHTML" not in text or path.name == "patch.js"
    assert "insertAdjacentHTML" not in text


def test_what_a_person_may_decide_has_its_words() -> None:
    """A dialog without its consequences in plain words would ask for a blind signature."""
    held = words("en")
    forms = (STATIC / "forms.js").read_text(encoding="utf-8")
    acts = re.findall(r"^  (\w+): (?:\{|chain)", forms, re.MULTILINE)
    assert {"ack", "adopt", "stop", "settle", "replay", "discard", "allow"} <= set(acts)
    wanted = [f"act.{one}{end}" for one in acts for end in ("", ".what")]
    wanted += [f"verb.{one}" for one in get_args(boxes.Verb)]
    wanted += [f"{kind}.{one}" for kind in ("mode", "modeSays") for one in get_args(Mode)]
    assert [key for key in wanted if key not in held] == []


def test_every_cause_of_a_gap_and_of_a_dead_letter_has_its_word() -> None:
    """The page says them in its reader's language."""
    told = [
        *get_args(Gap.model_fields["cause"].annotation),
        UNKNOWN,
        *gap_reads._ALARM_CAUSES.values(),
    ]
    causes = {re.sub(r"[ _]", "-", one) for one in [*told, "expired", "dead letter"]}
    gateway = Path(sentences.__file__).resolve().parents[1]
    sources = [path.read_text(encoding="utf-8") for path in gateway.rglob("*.py")]
    found = [
        re.findall(r"(?:Unusable|letters\.bury,?)\(?\s*(?:tx,\s*)?reason=\"([\w-]+)\"", text)
        + re.findall(r"(?:Poison\(|_bury\(tx, packet, |problem = \()\"([\w-]+)\"", text)
        for text in sources
    ]
    reasons = {one for names in found for one in names}
    assert {"topic", "body", "request", "undecodable"} <= reasons
    held = words("en")
    wanted = [f"gapCause.{one}" for one in causes] + [f"letter.{one}" for one in reasons]
    assert [key for key in sorted(wanted) if key not in held] == []
