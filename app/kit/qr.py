"""QR codes as inline SVG."""

import io

import segno

LONG = 200
"""From here on a text is packed, as good as random, and so under any mask: choosing the best of eight, as
short ones need it, would take three quarters of the time."""


def qr_svg(text: str) -> bytes:
    """The QR code of `text`: SVG with a view box, so that it scales; error level M (15 %)."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False, mask=0 if len(text) > LONG else None).save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=2, dark="#14342b", light="#ffffff"
    )
    return out.getvalue()
