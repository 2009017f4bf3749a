"""QR codes as inline SVG."""

import io

import segno


def qr_svg(text: str) -> bytes:
    """The QR code of `text`: SVG with a view box, so that it scales; error level M (15 %)."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=2, dark="#14342b", light="#ffffff"
    )
    return out.getvalue()
