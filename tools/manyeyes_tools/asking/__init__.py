"""A question to the models: one answer, or several that are put before each other and brought together.

`media` reads what is not text, `question` puts together what is asked, `long_material` reads what is too long for
one piece, `panel` hears several models, `answering` is the way of one call, `report` what people read.
"""

from __future__ import annotations
