"""The phone's pages lead back to the app, and only to it."""

import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

BACK = "http://127.0.0.1:9999/back?keep=1"


@pytest.fixture
def browser(merchant: Any) -> Any:
    """A browser that does not follow redirects by itself."""
    session = requests.Session()
    session.trust_env = False

    def visit(method: str, path: str, **data: Any) -> requests.Response:
        values = {"redirect_uri": BACK, "state": "a&b"} | data
        return session.request(
            method,
            f"{merchant.base_url}/phone/{path}",
            allow_redirects=False,
            timeout=5,
            **({"params": values} if method == "GET" else {"data": values}),
        )

    return visit


def query_of(response: requests.Response) -> dict[str, str]:
    """Return the query the browser is sent away with."""
    assert response.status_code == 302
    target = response.headers["Location"]
    assert target.startswith("http://127.0.0.1:9999/back?")
    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}


def test_allowing_login_leads_back_with_a_code_and_the_state(merchant: Any, browser: Any) -> None:
    page = browser("GET", "login")
    assert page.status_code == 200
    for text in ("允许 森惠 使用你的微信登录", "模拟微信", "测试账号 一", "测试账号 二", "测试账号 三"):
        assert text in page.text
    query = query_of(browser("POST", "login", account="2", decision="allow"))
    assert (query["state"], query["keep"]) == ("a&b", "1")
    session = merchant.session.get(
        f"{merchant.base_url}/sns/jscode2session",
        params={
            "appid": merchant.appid,
            "secret": merchant.env["WECHAT_SECRET"],
            "js_code": query["code"],
            "grant_type": "authorization_code",
        },
    ).json()
    assert session["openid"] == merchant.openid("2")


def test_cancelling_login_says_so(browser: Any) -> None:
    assert query_of(browser("POST", "login", account="1", decision="deny")) == {
        "keep": "1",
        "error": "denied",
        "state": "a&b",
    }


def test_the_cookie_remembers_the_account_and_new_ones_are_made(merchant: Any, browser: Any) -> None:
    browser("POST", "login", account="new", decision="allow")
    page = browser("GET", "login").text
    assert "测试账号 四" in page
    assert re.search(r'value="4" checked', page)
    assert "测试账号 四" in browser("GET", "werun").text
    assert [each["account"] for each in merchant.state()["accounts"]] == ["4"]


def test_allowing_steps_posts_them_encrypted_to_the_app(browser: Any) -> None:
    page = browser("GET", "werun")
    assert "允许获取微信运动步数" in page.text
    assert len(re.findall("<rect [^>]*><title>", page.text)) == 31
    sent = browser("POST", "werun", decision="allow").text
    assert f'action="{html.escape(BACK)}"' in sent
    values = {
        name: html.unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', sent)
    }
    assert set(values) == {"encrypted_data", "iv", "state"}
    assert values["state"] == "a&b"
    assert "<button" in sent
    assert query_of(browser("POST", "werun", decision="deny"))["error"] == "denied"


def test_pages_allow_only_their_own_style_and_script_and_post_only_home(browser: Any) -> None:
    sent = browser("POST", "werun", decision="allow")
    policy = sent.headers["Content-Security-Policy"]
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)
    assert nonce
    assert f'<script nonce="{nonce[1]}">' in sent.text
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:9999" in policy
    assert not re.search(r'(src|href)="https?:', sent.text)


def test_the_pay_sheet_shows_the_amount_pays_and_leads_back(
    merchant: Any, browser: Any, letterbox: Any
) -> None:
    parameters = merchant.pay_parameters(merchant.prepay())
    page = browser("GET", "pay", **parameters)
    assert "一元碳汇 10 kg" in page.text
    assert "</small>1.00" in page.text
    assert query_of(browser("POST", "pay", decision="cancel", **parameters))["result"] == "cancel"
    assert merchant.query("ORDER-0001").json()["trade_state"] == "NOTPAY"
    assert query_of(browser("POST", "pay", decision="pay", **parameters))["result"] == "ok"
    assert merchant.query("ORDER-0001").json()["trade_state"] == "SUCCESS"
    letterbox.wait_for(1)
    again = browser("POST", "pay", decision="pay", **parameters)
    assert again.status_code == 409
    assert "该订单已支付" in again.text
    assert "result=fail" in again.text


def test_the_pay_sheet_refuses_a_forged_signature_and_another_person(merchant: Any, browser: Any) -> None:
    parameters = merchant.pay_parameters(merchant.prepay())
    forged = browser("GET", "pay", **(parameters | {"paySign": "AAAA"}))
    assert (forged.status_code, "支付验证签名失败" in forged.text) == (400, True)
    browser("POST", "login", account="2", decision="allow")
    other = browser("POST", "pay", decision="pay", **parameters)
    assert (other.status_code, "下单账号与支付账号不一致" in other.text) == (403, True)
    assert merchant.query("ORDER-0001").json()["trade_state"] == "NOTPAY"


FOREIGN = (
    "",
    "https://example.com/",
    "//example.com/",
    "javascript:alert(1)",
    "http://127.0.0.1@example.com/",
    "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1.example.com/",
    "/relative",
    "http://127.0.0.1 .example.com/",
    "http://app.example/other",
    "http://localhost:0/",
    "http://user@127.0.0.1/",
)


@pytest.mark.parametrize(
    ("method", "path"), [(method, path) for method in ("GET", "POST") for path in ("login", "werun", "pay")]
)
def test_nobody_is_sent_to_a_foreign_address(browser: Any, method: str, path: str) -> None:
    for target in FOREIGN:
        response = browser(method, path, redirect_uri=target, account="1", decision="allow")
        assert response.status_code == 400, target
        assert "Location" not in response.headers
        assert "返回地址不被允许" in response.text
        assert 'href="http' not in response.text


def test_names_and_states_are_escaped(browser: Any) -> None:
    text = '"><script>alert(1)</script>'
    assert "<script>alert" not in browser("GET", "login", state=text).text
    browser("POST", "login", account=text[:32], decision="allow")
    assert "<script>alert" not in browser("GET", "werun").text
    assert "<script>alert" not in browser("GET", "login").text


def test_the_desk_lists_what_happened(merchant: Any, letterbox: Any) -> None:
    empty = merchant.session.get(merchant.base_url)
    assert empty.status_code == 200
    merchant.paid_order()
    merchant.control("faults", kind="delay", path="/v3", count=3)
    letterbox.wait_for(1)
    page = merchant.session.get(merchant.base_url).text
    for text in ("ORDER-0001", "支付成功", "TRANSACTION.SUCCESS", "delay @ /v3 ×3", merchant.openid()):
        assert text in page


def test_the_state_shows_no_secret(merchant: Any) -> None:
    code = merchant.session.post(f"{merchant.base_url}/phone/api/login", json={"account": "1"}).json()["code"]
    key = merchant.session.get(
        f"{merchant.base_url}/sns/jscode2session",
        params={
            "appid": merchant.appid,
            "secret": merchant.env["WECHAT_SECRET"],
            "js_code": code,
            "grant_type": "authorization_code",
        },
    ).json()["session_key"]
    seen = str(merchant.state()) + merchant.session.get(merchant.base_url).text
    for secret in (key, code, merchant.env["WECHAT_SECRET"], merchant.env["WECHAT_PAY_APIV3_KEY"]):
        assert secret not in seen
