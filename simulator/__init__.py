"""A stand-in for WeChat and WeChat Pay, over HTTP, with real signatures. The app never imports it.

Start it with `python -m simulator --var DIR [--port N] [--host H] [--app-base URL] [--speed 60]`, or in a
test with `simulator.serve(var) -> Running(base_url, keys, stop())`. It writes `DIR/wechat.env` for the app,
remembers accounts and payments in `DIR/simulator.json`, and refuses to start with SENHUI_ENV=production.

What WeChat offers, at WeChat's own paths:

    GET  /sns/jscode2session        GET /wxa/checksession        GET /wxa/resetusersessionkey
    POST /cgi-bin/stable_token
    POST /v3/pay/transactions/jsapi
    GET  /v3/pay/transactions/out-trade-no/{out_trade_no}?mchid=      GET …/id/{transaction_id}?mchid=
    POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close
    POST /v3/refund/domestic/refunds                                  GET …/refunds/{out_refund_no}
    GET  /v3/bill/tradebill         GET /v3/bill/fundflowbill         GET /v3/billdownload/file?token=

A pretended shop that issues vouchers (docs/voucher_api.md):

    POST /v1/vouchers               POST /v1/vouchers/{number}/cancellation

The phone, pages for a browser. `redirect_uri` must lead to this machine or to the app's own base address;
`state` comes back as it was given:

    GET /phone/login?redirect_uri&state
        302 back with `code`, or with `error=denied`
    GET /phone/werun?redirect_uri&state
        a form posts `encrypted_data`, `iv` and `state` to redirect_uri; refused: 302 with `error=denied`
    GET /phone/pay?appId&timeStamp&nonceStr&package=prepay_id%3D…&signType=RSA&paySign&redirect_uri&state
        302 back with `result=ok`, `result=cancel`; a link with `result=fail` when it cannot be paid

The same acts for scripts, JSON in and out. An account is any name up to 32 characters; "1", "2", "3" are
those the login page shows. Refusals: 4xx `{"result": "fail", "error": …, "message": …}`:

    POST /phone/api/login {account}                                   -> {code}
    POST /phone/api/werun {account, watermark_age_seconds?, appid?}   -> {encryptedData, iv}
    POST /phone/api/pay   {appId, timeStamp, nonceStr, package, signType, paySign} -> {result: "ok"}

The control room, for tests and developers; refusals are 400 `{"error": …}`:

    GET    /control/state           accounts, transactions, refunds, notices with attempts, faults, requests
    POST   /control/accounts        {account} -> {account, openid}; makes the account without a login
    GET    /control/faults          kinds, and what is on
    POST   /control/faults          {kind, path?, count=1, seconds?, errcode?}; path is an API prefix such as
                                    "/v3/pay", or "notice", or "refund"
    DELETE /control/faults          switch all off
    POST   /control/pay_late        {out_trade_no}: paid at the provider although closed or expired
    POST   /control/notice          {out_trade_no | out_refund_no, count=1}: deliver its notices again
    POST   /control/signtest        {out_trade_no} -> {status, refused}: probe the notice address
    POST   /control/clock           {advance_seconds?, speed?} -> {now, speed}
    GET    /control/bill_faults     what can be wrong with a day's bills, and what is
    POST   /control/bill_faults     {day, kind}: spoil one payment or refund on the bills of that day
    DELETE /control/bill_faults     let all bills be right again
    POST   /control/withdrawals     {amount_fen}: move money from the merchant's account to its bank
    GET    /control/partner         the sandbox partner's public key, and what it can do wrong
    POST   /control/partner         {base_url, items, batch_id?, fault?, skew_s?}: let it report to the app
    GET    /control/vouchers        the pretended shop's public key, and what it said of each number
    POST   /control/vouchers/askers {keys}: JWKs of whoever may ask it
    GET    /                        all of it on a page
"""

from simulator.keys import Keys, ensure_keys
from simulator.server import RefusedInProduction, Running, serve

__all__ = ["Keys", "RefusedInProduction", "Running", "ensure_keys", "serve"]
