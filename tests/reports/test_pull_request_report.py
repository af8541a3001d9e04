from __future__ import annotations

from manyeyes_tools.reports import pull_request


def test_a_comment_has_a_table_and_each_finding_folded(review):
    text = pull_request.report(review)
    assert text.startswith("### Code review: request changes\n")
    assert "| 1 | critical | SQL injection in `pay` | `shop/payment.py:12` | 95% |" in text
    assert text.count("<details>") == text.count("</details>") == 2
    assert "```diff\n--- a/shop/payment.py" in text


def test_a_comment_is_never_longer_than_one_may_be(review, injection):
    many = [injection.model_copy(update={"explanation": "long " * 400, "id": f"F-{n}"}) for n in range(300)]
    text = pull_request.report(review.model_copy(update={"findings": many, "summary": "s " * 9_000}))
    assert len(text) < 65_536
    assert "further findings have no room here" in text
    assert text.count("<details>") == text.count("</details>")


def test_titles_cannot_leave_their_place(review, injection):
    evil = injection.model_copy(update={"title": "a | b </summary><img src=x> @team https://x.example `c`"})
    text = pull_request.report(review.model_copy(update={"findings": [evil]}))
    assert "<img" not in text.replace("\\<img", "")
    assert "</summary>&lt;" not in text
    assert "&lt;/summary&gt;&lt;img" in text
    assert "&#64;team" in text
    row = next(line for line in text.split("\n") if line.startswith("| 1 |"))
    assert row.replace("\\|", "").count("|") == 6


def test_what_was_dismissed_is_counted(scan, injection):
    text = pull_request.report(scan.model_copy(update={"dismissed": [injection]}))
    assert "1 reported by engines were dismissed" in text
