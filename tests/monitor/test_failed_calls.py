"""What calls used whose answers were of no use: through real SDKs, from the vendor's double to the dashboard."""

from __future__ import annotations

import pytest

from manyeyes import settings as operator
from manyeyes.desk import Desk
from manyeyes.monitor.dashboard import fold
from wire.doubles import Double
from wire.vendors import VENDORS

pytestmark = pytest.mark.anyio
CODE = {"code": "def pay(text):\n    return eval(text)\n", "language": "python", "depth": "quick"}
ENVIRON = {
    "anthropic": {"ANTHROPIC_API_KEY": "key-0123456789", "ANTHROPIC_BASE_URL": "{}"},
    "google": {"GEMINI_API_KEY": "key-0123456789", "GOOGLE_GEMINI_BASE_URL": "{}"},
    "compatible": {"MANYEYES_ENDPOINTS_BOX_URL": "{}/v1", "MANYEYES_ENDPOINTS_BOX_MODELS": "m"},
}


@pytest.mark.parametrize("vendor", ENVIRON)
async def test_answers_of_no_shape_are_counted_with_their_tokens(tmp_path, vendor):
    words = VENDORS[vendor]
    with Double() as double:
        double.reply(*[words.says("no JSON at all")] * 8)
        environ = {"HOME": str(tmp_path), "MANYEYES_STATE_URL": "sqlite://"}
        environ |= {name: value.format(double.url) for name, value in ENVIRON[vendor].items()}
        async with Desk.open(operator.load(environ, cwd=tmp_path), environ) as desk:
            result = await desk.call("code_review", CODE)
            board = fold(desk.store.events())
    assert result.status == "evidence_only"
    for row in board.models:
        assert (row.answered, row.errors, row.untold) == (0, {"invalid_answer": row.calls}, 0)
        assert (row.usage.input_tokens, row.usage.output_tokens) == (10 * row.calls, 7 * row.calls)
    assert board.total.calls >= 2
