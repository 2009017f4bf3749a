"""Certificates and statements as they are printed: one drawing for the screen, for PDF and for a picture.

`kinds` say what a document of each kind says of its facts; `a4` and `card` set it as SVG; `press` makes PDF
and PNG of it; `answers` sends it. Whoever has facts needs `Document` and `answer`, and no more.
"""

from app.web.documents.answers import FORMS, answer
from app.web.documents.drawing import draw
from app.web.documents.kinds import KINDS
from app.web.documents.sheets import Document, Enclosure

__all__ = ["FORMS", "KINDS", "Document", "Enclosure", "answer", "draw"]
