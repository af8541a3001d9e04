from __future__ import annotations

import os

import pytest

from manyeyes_tools.support.knowledge import Knowledge, KnowledgeError, Passage, answers, holds, index_file, split
from manyeyes_tools.support.promises import broken
from manyeyes_tools.support.signals import anger, sentiment, urgent


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "kb"
    folder.mkdir()
    (folder / "shipping.md").write_text("# Shipping\n\nParcels to Norway take nine days.\n\n## Islands\n\nTwo more.\n")
    (folder / "hours.txt").write_text("We are open from nine to five.\n")
    return folder


@pytest.fixture
def knowledge(folder, tmp_path):
    made = Knowledge(folder, index_file(folder, tmp_path / "state"))
    yield made
    made.close()


def test_the_best_passage_comes_with_its_place(knowledge):
    best = knowledge.search("How long does a parcel to Norway take?")[0]
    assert (best.path, best.heading, best.line) == ("shipping.md", "Shipping", 3)
    assert best.text == "Parcels to Norway take nine days."
    assert best.place == "shipping.md:3 (Shipping)"


@pytest.mark.parametrize(
    "text", ["", "the of and", '"', "a OR b NOT", "NEAR(x) *", "'; DROP TABLE passages; --", "\ud800x"]
)
def test_no_question_breaks_the_search(knowledge, text):
    assert isinstance(knowledge.search(text), tuple)


def test_what_changes_and_what_goes_is_seen(knowledge, folder, tmp_path):
    assert knowledge.search("Norway")
    (folder / "shipping.md").write_text("# Shipping\n\nParcels to Iceland take ten days.\n")
    assert knowledge.search("Iceland", fresh=True)
    assert not knowledge.search("Norway")
    (folder / "hours.txt").unlink()
    assert not knowledge.search("open nine five", fresh=True)
    knowledge.close()
    index = index_file(folder, tmp_path / "state")
    assert b"Norway" not in index.read_bytes()
    assert index.stat().st_mode & 0o077 == 0


def test_an_unchanged_file_is_not_read_again(knowledge, folder):
    file = folder / "hours.txt"
    knowledge.search("open")
    before = file.stat()
    file.write_text("We are shut from nine to five.\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # the same size and time: taken for the same
    assert knowledge.search("open nine", fresh=True)[0].text == "We are open from nine to five."


def test_links_hidden_and_foreign_files_are_left_out(knowledge, folder, tmp_path):
    (tmp_path / "secret.md").write_text("quicksilver")
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    (folder / ".git").mkdir()
    (folder / ".git" / "x.md").write_text("quicksilver")
    (folder / "tool.py").write_text("quicksilver")
    assert knowledge.search("quicksilver", fresh=True) == ()


def test_a_folder_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(KnowledgeError, match="does not exist"):
        Knowledge(tmp_path / "none", None).search("x")


def test_long_text_is_parted_and_loses_no_line():
    text = "# A\n" + "".join(
        f"line {number} of many words here\n{'' if number % 9 else chr(10)}" for number in range(400)
    )
    passages = list(split("a.md", text))
    assert len(passages) > 5
    lines = text.splitlines()
    for one in passages:
        assert lines[one.line - 1] == one.text.splitlines()[0]
    assert sum(one.text.count("line ") for one in passages) == 400


def test_a_quote_is_found_across_lines_and_nowhere_else():
    passage = Passage("a.md", 10, "H", "first line\nsecond line here")
    assert holds(passage, "Second  line") == 11
    assert holds(passage, "first line second") == 10
    assert holds(passage, "third") is None
    assert holds(passage, " ") is None


def test_a_passage_answers_when_it_shares_enough_words():
    passage = Passage("a.md", 1, "Router", "If the router shows a red light, hold reset.")
    assert answers("my router has a red light", passage)
    assert not answers("do you sell red helicopters to schools", passage)


@pytest.mark.parametrize(
    ("reply", "breaks"),
    [
        ("You will get a full refund within one day.", True),
        ("We refund everything within one day!", True),
        ("We cannot promise a refund within one day.", False),
        ("There won't be a refund within one day.", False),
        ("Refunds take a while. One day we may talk.", False),
    ],
)
def test_plain_words_of_a_promise_are_noticed(reply, breaks):
    assert bool(broken(reply, ["a refund within one day"])) is breaks


@pytest.mark.parametrize(
    "text",
    [
        "How do I kill the process?",
        "Where is the court of tennis?",
        "please sue-proof wording",
        "my order",
        "the agent app",
    ],
)
def test_ordinary_words_call_nobody(text):
    assert urgent(text) is None


def test_anger_counts_and_repeats():
    assert anger("Where is my parcel?") == 0
    assert anger("THIS IS TAKING TOO LONG NOW") == 1
    assert sentiment("Ridiculous.", complaint=True, upset_before=0) is None
    assert sentiment("Ridiculous.", complaint=True, upset_before=1) == "the customer is angry again"
    assert sentiment("Still waiting.", complaint=True, upset_before=2) == "the customer complains again"
