"""The simulator as a process: keys, ready line, restart, and where it refuses to start."""

import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import simulator
from simulator.files import AlreadyHeld

ENV_NAMES = {
    "WECHAT_APPID",
    "WECHAT_SECRET",
    "WECHAT_PAY_MCHID",
    "WECHAT_PAY_MERCHANT_SERIAL",
    "WECHAT_PAY_PRIVATE_KEY_FILE",
    "WECHAT_PAY_PUBLIC_KEY_ID",
    "WECHAT_PAY_PUBLIC_KEY_FILE",
    "WECHAT_PAY_APIV3_KEY",
}


def started(var: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "simulator", "--var", str(var)],
        text=True,
        cwd=Path(simulator.__file__).parent.parent,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_keys_are_made_once_privately_and_in_wechats_shapes(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: simulator.ensure_keys(tmp_path / "new"), range(4)))
    assert len({each.merchant_serial for each in made}) == 1
    keys = made[0]
    env = dict(line.split("=", 1) for line in keys.env_file.read_text().splitlines())
    assert set(env) == ENV_NAMES
    assert (len(keys.appid), keys.appid[:2], len(keys.apiv3_key)) == (18, "wx", 32)
    assert keys.public_key_id.startswith("PUB_KEY_ID_")
    assert "platform_private" not in keys.env_file.read_text()
    assert keys.apiv3_key not in repr(keys)
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys.env_file.parent.iterdir()} == {0o600}


def test_a_moved_directory_keeps_its_keys_and_names_its_new_place(var: Path, tmp_path: Path) -> None:
    before = simulator.ensure_keys(var)
    moved = var.rename(tmp_path / "moved")
    after = simulator.ensure_keys(moved)
    assert after.merchant_serial == before.merchant_serial
    assert str(moved) in after.env_file.read_text()


def test_a_restart_keeps_accounts_payments_and_unfinished_business(
    var: Path, merchant_at: Any, letterbox: Any, eventually: Any
) -> None:
    with simulator.serve(var, speed=40) as first:
        merchant = merchant_at(first.base_url, var)
        openid = merchant.openid()
        letterbox.statuses = [500]
        merchant.paid_order()
        letterbox.wait_for(1)
        eventually(lambda: merchant.state()["notices"][0]["attempts"])
        paid = merchant.query("ORDER-0001").json()
        merchant.call(
            "POST",
            "/v3/refund/domestic/refunds",
            {
                "out_trade_no": "ORDER-0001",
                "out_refund_no": "R-1",
                "amount": {"refund": 40, "total": 100, "currency": "CNY"},
            },
        )
        prepay_id = merchant.prepay(out_trade_no="ORDER-0002")
    assert not (var / "simulator.url").exists()
    with simulator.serve(var, speed=40) as second:
        merchant = merchant_at(second.base_url, var)
        assert merchant.openid() == openid
        by_id = f"/v3/pay/transactions/id/{paid['transaction_id']}?mchid={merchant.mchid}"
        assert merchant.call("GET", by_id).json() == paid | {
            "trade_state": "REFUND",
            "trade_state_desc": "订单发生过退款，退款详情请查询退款单",
        }
        assert merchant.pay(prepay_id).ok
        eventually(lambda: merchant.state()["notices"][0]["status"] == "delivered")
        eventually(lambda: merchant.state()["refunds"][0]["status"] == "SUCCESS", within_s=10)


def test_two_simulators_do_not_share_a_directory(var: Path) -> None:
    with simulator.serve(var) as running:
        assert (var / "simulator.url").read_text() == f"{running.base_url}\n"
        with pytest.raises(AlreadyHeld):
            simulator.serve(var)
    running.stop()
    simulator.serve(var).stop()


def test_a_damaged_memory_is_named_and_not_overwritten(var: Path) -> None:
    (var / "simulator.json").write_text("{}")
    with pytest.raises(ValueError, match=r"simulator\.json cannot be read"):
        simulator.serve(var)
    assert (var / "simulator.json").read_text() == "{}"


def test_it_never_starts_in_production(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENHUI_ENV", "production")
    with pytest.raises(simulator.RefusedInProduction):
        simulator.serve(var)
    process = started(var)
    out, error = process.communicate(timeout=20)
    assert (process.returncode, out) == (2, "")
    assert "production" in error


def test_the_app_base_is_allowed_besides_this_machine(var: Path, merchant_at: Any) -> None:
    with simulator.serve(var, app_base="https://app.example:8443") as running:
        merchant = merchant_at(running.base_url, var)
        for base, status in (
            ("https://app.example:8443", 302),
            ("https://app.example", 400),
            ("http://app.example:8443", 400),
            ("https://app.example.evil:8443", 400),
        ):
            answer = merchant.session.post(
                f"{running.base_url}/phone/login",
                allow_redirects=False,
                data={"redirect_uri": f"{base}/back", "account": "1", "decision": "allow"},
            )
            assert answer.status_code == status, base
    with pytest.raises(ValueError, match="not an http"):
        simulator.serve(var, app_base="ftp://app.example")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_says_when_it_is_ready_and_saves_when_told_to_stop(
    var: Path, merchant_at: Any, number: signal.Signals
) -> None:
    process = started(var)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("simulator ready http://127.0.0.1:")
        merchant = merchant_at(line.split()[-1], var)
        merchant.openid("someone")
        process.send_signal(number)
        assert process.wait(10) == 0
        assert '"someone"' in (var / "simulator.json").read_text()
        assert process.communicate()[1] == ""
    finally:
        process.kill()
        process.communicate()
