"""Which platform a client runs on, and whether buying is switched on there.

A store's rules may forbid to sell, or even to show a price, on one platform and allow it on another.
The client names its platform in `X-Client-Platform`, in WeChat's own words (`wx.getDeviceInfo`); our
pages, which a browser shows, are `web`. Whoever says nothing is `unknown`, which production leaves off.
"""

from flask import current_app, request

HEADER = "X-Client-Platform"
UNKNOWN = "unknown"
PLATFORMS = ("ios", "android", "ohos", "windows", "mac", "devtools", "web", UNKNOWN)
APPLE_DEVICES = ("iPhone", "iPad", "iPod")


def platform() -> str:
    """The platform behind this request; an Apple device inside WeChat is `ios` whatever it says."""
    agent = request.headers.get("User-Agent", "")
    if "MicroMessenger" in agent and any(device in agent for device in APPLE_DEVICES):
        return "ios"
    named = request.headers.get(HEADER, "").strip().lower()
    if not named:
        return UNKNOWN if request.path.startswith("/v1") else "web"
    return named if named in PLATFORMS else UNKNOWN


def may_buy() -> bool:
    """Whether this request's platform may see prices and buy."""
    return platform() in current_app.extensions["settings"].purchase_platforms
