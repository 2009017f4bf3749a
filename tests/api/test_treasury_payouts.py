"""From a month's income to the bank and back: who is paid, once, by two people, and what comes back."""

from collections.abc import Callable

import pytest
from flask import Flask
from paying import (
    DECEMBER,
    MONTH,
    NOVEMBER,
    OCTOBER,
    Treasury,
    at,
    count,
    holder_code,
    payable,
    paying,
)
from shop import assert_books_prove
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.treasury import jobs
from app.treasury.errors import (
    MonthNotOver,
    NothingToPay,
    PayeesChanged,
    ReportsWaiting,
    ResultsRefused,
    RunPastThis,
    RunUnknown,
    SamePerson,
)
from app.treasury.queries import payees as known
from app.treasury.queries.payouts import count_runs_waiting
from app.treasury.rules.bank_files import Result
from app.treasury.rules.payouts import Outcome, PayoutStatus, RunStatus
from app.treasury.services import payees, runs, transfers


@pytest.fixture
def treasury(app: Flask) -> Treasury:
    return Treasury(app)


def test_a_village_is_paid_what_it_earned_in_the_month_and_no_later_income(treasury: Treasury) -> None:
    with at(OCTOBER):
        lot = treasury.village(fee_bp=1000)
        treasury.sell(lot, 2000, 3000)
    with at(NOVEMBER):
        treasury.account(lot.village_id)
        treasury.sell(lot, 7000)
        facts = treasury.prepare()
        assert [(each.payout.amount_fen, each.status) for each in facts.payouts] == [
            (4500, PayoutStatus.PREPARED)
        ]
        assert payable(lot.village_id) == 4500 + 6300
        treasury.approve()
        assert (payable(lot.village_id), paying(lot.village_id)) == (6300, 4500)
        content = treasury.export()
        treasury.result(Outcome.PAID)
    assert (payable(lot.village_id), paying(lot.village_id)) == (6300, 0)
    number = treasury.run().payouts[0].payout.number
    assert content.decode("gb18030").splitlines() == [
        "序号,收款方户名,收款方账号,开户行,金额(元),用途/附言",
        f"1,示例村集体,6222020000112233445,示例银行顺昌支行,45.00,森惠结算款 {number}",
    ]
    assert treasury.run().summary.status is RunStatus.FINISHED
    assert_books_prove()


def test_preparing_twice_finds_the_run_and_promises_nothing_again(treasury: Treasury) -> None:
    with at(OCTOBER):
        lot = treasury.village()
        treasury.sell(lot, 2000)
    with at(NOVEMBER):
        treasury.account(lot.village_id)
        first = treasury.prepare()
        again = treasury.prepare()
        assert [each.payout.id for each in again.payouts] == [each.payout.id for each in first.payouts]
        with pytest.raises(NothingToPay):
            treasury.prepare(round_=2)
    assert count("payout_run") == count("payout") == 1


def test_a_month_is_paid_when_it_is_over_and_counted(treasury: Treasury) -> None:
    for early in (OCTOBER, OCTOBER.replace(day=31, hour=16, minute=9)):
        with at(early), pytest.raises(MonthNotOver):
            treasury.prepare()
    with at(OCTOBER.replace(day=31, hour=16, minute=10)), pytest.raises(NothingToPay):
        treasury.prepare()


def test_who_has_no_account_or_too_little_is_listed_and_paid_next_time(treasury: Treasury) -> None:
    with at(OCTOBER):
        poor, strange = treasury.village(), treasury.village()
        treasury.sell(poor, 900)
        treasury.sell(strange, 5000)
    with at(NOVEMBER):
        treasury.account(poor.village_id)
        facts = treasury.prepare()
        assert facts.payouts == ()
        assert {(each.skip.holder_id, each.skip.reason, each.skip.amount_fen) for each in facts.skips} == {
            (poor.village_id, "below_minimum", 900),
            (strange.village_id, "no_payee", 5000),
        }
        treasury.account(strange.village_id)
        treasury.sell(poor, 200)
        second = treasury.prepare(round_=2)
        assert [each.payout.holder_id for each in second.payouts] == [strange.village_id]
        treasury.pay(round_=2)
    with at(DECEMBER):
        november = treasury.prepare("2026-11")
        assert [(each.payout.holder_id, each.payout.amount_fen) for each in november.payouts] == [
            (poor.village_id, 1100)
        ]
    assert_books_prove()


def test_the_platforms_fees_are_paid_out_like_income(treasury: Treasury) -> None:
    with at(OCTOBER):
        lot = treasury.village(fee_bp=2000)
        treasury.sell(lot, 10_000)
    with at(NOVEMBER):
        treasury.account(chart.PLATFORM, "1234567890", "森惠平台")
        treasury.sell(lot, 10_000)
        facts = treasury.prepare()
        assert [(each.payout.source, each.payout.amount_fen) for each in facts.payouts] == [("fees", 2000)]
        treasury.approve()
        with pytest.raises(NothingToPay):
            treasury.prepare(round_=2)
        treasury.export()
        treasury.result(Outcome.PAID)
        assert accounts.payables.get_fees(clock.now()).balance_fen == 2000
        assert_books_prove()
        treasury.result(Outcome.RETURNED)
        assert accounts.payables.get_fees(clock.now()).balance_fen == 4000
        again = treasury.prepare(round_=2)
        assert [each.payout.amount_fen for each in again.payouts] == [2000]
    assert_books_prove()


def test_nobody_approves_their_own_run_nor_takes_the_file_they_approved(treasury: Treasury) -> None:
    with at(OCTOBER):
        lot = treasury.village()
        treasury.sell(lot, 2000)
    with at(NOVEMBER):
        treasury.account(lot.village_id)
        treasury.prepare()
        with pytest.raises(SamePerson), transaction():
            runs.approve_run(treasury.anna, MONTH, 1)
        with pytest.raises(RunPastThis):
            treasury.export()
        treasury.approve()
        with pytest.raises(SamePerson), transaction():
            transfers.export_run(treasury.bao, MONTH, 1)
    assert (payable(lot.village_id), paying(lot.village_id)) == (0, 2000)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE payout_run SET approved_by = prepared_by, approved_at = now()",
        "UPDATE payout_run SET minimum_fen = 1",
        "UPDATE payout SET amount_fen = amount_fen + 1",
        "UPDATE payout SET payee_id = payee_id, holder_id = 1",
        "UPDATE payout SET paid_at = now(), exported_at = now(), bank_reference = 'B'",
        "UPDATE payout SET failed_at = now(), reported = 'failed', reason = 'x', reported_at = now(),"
        " reported_by = (SELECT min(id) FROM operator), confirmed_by = (SELECT max(id) FROM operator)",
        "UPDATE payee_account SET last_four = '0000'",
        "UPDATE payee_account SET ended_at = NULL, confirmed_by = entered_by",
        "UPDATE statement SET income_fen = 0, closing_fen = opening_fen",
        "DELETE FROM payout",
        "DELETE FROM payout_skip",
    ],
)
def test_the_database_itself_refuses_what_no_step_does(treasury: Treasury, change: str) -> None:
    with at(OCTOBER):
        lot = treasury.village()
        treasury.sell(lot, 2000)
    with at(NOVEMBER):
        treasury.account(lot.village_id)
        treasury.prepare()
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text(change))


REPORTED = "reported = 'failed', reason = 'x', reported_at = now(), reported_by = :anna"


@pytest.mark.parametrize(
    ("first", "change"),
    [
        (None, f"UPDATE payout SET failed_at = now(), confirmed_by = :bao, {REPORTED}"),
        (None, "UPDATE payout SET failed_at = now()"),
        (None, f"UPDATE payout SET exported_at = now(), {REPORTED}"),
        (None, "UPDATE payout SET reported = 'failed', reason = 'x'"),
        (REPORTED, "UPDATE payout SET failed_at = now(), confirmed_by = :anna"),
        (REPORTED, "UPDATE payout SET failed_at = now()"),
        (REPORTED, "UPDATE payout SET confirmed_by = :bao"),
        (REPORTED, "UPDATE payout SET failed_at = now(), confirmed_by = :bao, reported_by = :chen"),
        (REPORTED, "UPDATE payout SET reason = 'y'"),
        (REPORTED, "UPDATE payout SET exported_at = now()"),
        (REPORTED, "UPDATE payout SET exported_at = now(), paid_at = now(), bank_reference = 'B'"),
    ],
)
def test_the_database_itself_needs_two_for_money_that_comes_back(
    treasury: Treasury, first: str | None, change: str
) -> None:
    with at(OCTOBER):
        lot = treasury.village()
        treasury.sell(lot, 2000)
    with at(NOVEMBER):
        treasury.account(lot.village_id)
        treasury.prepare()
        treasury.approve()
    people = {"anna": treasury.anna, "bao": treasury.bao, "chen": treasury.chen}
    if first:
        with transaction() as session:
            session.execute(text(f"UPDATE payout SET {first}"), people)
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text(change), people)


def test_a_payout_reported_as_failed_goes_into_no_file_until_that_is_judged(treasury: Treasury) -> None:
    with at(OCTOBER):
        lots = [treasury.village(), treasury.village()]
        for lot in lots:
            treasury.sell(lot, 2000)
            treasury.account(lot.village_id)
    with at(NOVEMBER):
        treasury.prepare()
        treasury.approve()
        number = treasury.run().payouts[0].payout.number
        with transaction():
            failed = Result(number, Outcome.FAILED, 2000, None, "账户停用")
            transfers.record_results(treasury.anna, MONTH, 1, [failed])
        with pytest.raises(ReportsWaiting):
            treasury.export()
        with transaction():
            transfers.confirm_report(treasury.chen, MONTH, 1, number)
        assert treasury.export().decode("gb18030").count("\r\n") == 2
        treasury.result(Outcome.PAID, holder_id=lots[1].village_id)
    assert_books_prove()


def test_a_withdrawn_run_frees_its_money_for_the_next_round(treasury: Treasury) -> None:
    with at(OCTOBER):
        lot = treasury.village()
        treasury.sell(lot, 2000)
    with at(NOVEMBER):
        treasury.account(lot.village_id)
        treasury.prepare()
        with transaction():
            runs.withdraw_run(treasury.anna, MONTH, 1)
        with pytest.raises(RunPastThis):
            treasury.approve()
        with pytest.raises(RunUnknown):
            treasury.prepare(round_=3)
        assert treasury.prepare(round_=2).summary.amount_fen == 2000
        treasury.pay(round_=2)
    assert payable(lot.village_id) == 0
    assert_books_prove()


def test_a_transfer_that_failed_is_paid_again_to_the_corrected_account(treasury: Treasury) -> None:
    with at(OCTOBER):
        lot = treasury.village()
        treasury.sell(lot, 2000)
    with at(NOVEMBER):
        treasury.account(lot.village_id)
        treasury.prepare()
        treasury.approve()
        treasury.export()
        treasury.result(Outcome.FAILED)
        assert (payable(lot.village_id), paying(lot.village_id)) == (2000, 0)
        treasury.account(lot.village_id, "95588000112233")
        second = treasury.prepare(round_=2)
        assert [(each.last_four, each.before) for each in second.payouts] == [("2233", 1)]
        treasury.pay(round_=2)
    assert (payable(lot.village_id), paying(lot.village_id)) == (0, 0)
    assert_books_prove()


def test_a_transfer_returned_after_it_arrived_goes_into_the_next_months_run(treasury: Treasury) -> None:
    with at(OCTOBER):
        lot = treasury.village()
        treasury.sell(lot, 2000)
    with at(NOVEMBER):
        treasury.account(lot.village_id)
        treasury.prepare()
        treasury.pay()
        treasury.sell(lot, 3000)
        treasury.result(Outcome.RETURNED)
        assert payable(lot.village_id) == 5000
    with at(DECEMBER):
        facts = treasury.prepare("2026-11")
        assert [each.payout.amount_fen for each in facts.payouts] == [5000]
        treasury.pay("2026-11")
    assert payable(lot.village_id) == 0
    assert_books_prove()


def test_an_account_that_ended_since_stops_the_approval_and_the_file(treasury: Treasury) -> None:
    with at(OCTOBER):
        lot, other = treasury.village(), treasury.village()
        treasury.sell(lot, 2000)
        treasury.sell(other, 3000)
    with at(NOVEMBER):
        code = treasury.account(lot.village_id)
        treasury.account(other.village_id)
        treasury.prepare()
        treasury.approve()
        with transaction():
            payees.end_payee(treasury.bao, code)
        with pytest.raises(PayeesChanged):
            treasury.export()
        treasury.result(Outcome.FAILED, holder_id=lot.village_id)
        content = treasury.export().decode("gb18030")
        assert content.count("\r\n") == 2
        assert "30.00" in content
        treasury.account(lot.village_id)
        treasury.prepare(round_=2)
        with transaction():
            payees.end_payee(treasury.bao, _standing(lot.village_id))
        with pytest.raises(PayeesChanged):
            treasury.approve(round_=2)
    assert_books_prove()


def _standing(holder_id: int) -> str:
    from app.treasury.queries.payees import list_standing

    return list_standing()[holder_id].code


def test_the_file_is_the_same_bytes_however_often_it_is_taken(treasury: Treasury) -> None:
    with at(OCTOBER):
        lot = treasury.village()
        treasury.sell(lot, 2000)
    with at(NOVEMBER):
        treasury.account(lot.village_id, name="㙦村林业（集体）")
        treasury.prepare()
        treasury.approve()
        first = treasury.export()
        treasury.result(Outcome.PAID)
        treasury.account(lot.village_id, "95588000112233")
        assert treasury.export() == first
    taken = db.session.execute(
        text("SELECT details ->> 'sha256' FROM audit_entry WHERE action = 'payout_file_taken'")
    ).all()
    assert len(taken) == 2
    assert len(set(taken)) == 1


@pytest.mark.parametrize("step", ["prepare", "approve", "export", "results"])
def test_a_crash_before_the_commit_leaves_the_step_undone(treasury: Treasury, step: str) -> None:
    class Crash(Exception):
        pass

    def dies(do: Callable[[], object]) -> None:
        with transaction():
            do()
            raise Crash

    with at(OCTOBER):
        lot = treasury.village()
        treasury.sell(lot, 2000)
    with at(NOVEMBER):
        treasury.account(lot.village_id)
        steps = {
            "prepare": lambda: runs.prepare_run(MONTH, 1, treasury.anna),
            "approve": lambda: runs.approve_run(treasury.bao, MONTH, 1),
            "export": lambda: transfers.export_run(treasury.chen, MONTH, 1),
            "results": lambda: transfers.record_results(treasury.anna, MONTH, 1, _paid(treasury)),
        }
        for name, do in steps.items():
            if name == step:
                before = _everything()
                with pytest.raises(Crash):
                    dies(do)
                assert _everything() == before
            with transaction():
                do()
    assert payable(lot.village_id) == paying(lot.village_id) == 0
    assert_books_prove()


def _paid(treasury: Treasury) -> list[Result]:
    from app.treasury.queries.payouts import get_run

    rows = [each.payout for each in get_run(MONTH, 1).payouts]
    return [Result(row.number, Outcome.PAID, row.amount_fen, "B1") for row in rows]


def _everything() -> list[object]:
    db.session.rollback()
    tables = ("payout_run", "payout", "payout_skip", "statement", "statement_lot", "posting", "audit_entry")
    return [db.session.scalar(text(f"SELECT md5(string_agg(t::text, '|')) FROM {t} t")) for t in tables]


def test_results_that_do_not_fit_name_each_line_and_change_nothing(treasury: Treasury) -> None:
    with at(OCTOBER):
        lots = [treasury.village() for _ in range(3)]
        for lot in lots:
            treasury.sell(lot, 2000)
    with at(NOVEMBER):
        for lot in lots:
            treasury.account(lot.village_id)
        treasury.prepare()
        numbers = [each.payout.number for each in treasury.run().payouts]
        early = [Result(numbers[0], Outcome.PAID, 2000, "B1", line=2)]
        treasury.approve()
        with pytest.raises(ResultsRefused) as refused, transaction():
            transfers.record_results(treasury.anna, MONTH, 1, early)
        assert _lines(refused.value) == [("#/2", "批次尚未交给银行")]
        treasury.export()
        before = _everything()
        with pytest.raises(ResultsRefused) as refused, transaction():
            transfers.record_results(
                treasury.anna,
                MONTH,
                1,
                [
                    Result(numbers[0], Outcome.PAID, 2000, "B1", line=2),
                    Result(numbers[1], Outcome.PAID, 2001, "B2", line=3),
                    Result(numbers[2], Outcome.RETURNED, 2000, None, "退票", line=4),
                    Result("NOSUCH", Outcome.PAID, 2000, "B3", line=5),
                ],
            )
        assert _lines(refused.value) == [
            ("#/3", "金额与付款不符"),
            ("#/4", "尚未记为到账，不能退票；未到账请写 失败"),
            ("#/5", "这个批次没有此付款编号"),
        ]
        assert _everything() == before
        treasury.result(Outcome.PAID)
        with pytest.raises(ResultsRefused) as refused:
            treasury.result(Outcome.PAID)
        assert {detail for _, detail in _lines(refused.value)} == {"这笔付款已有结果"}
    assert_books_prove()


def _lines(refused: ResultsRefused) -> list[tuple[str, str]]:
    return [(error["pointer"], error["detail"].split("：", 1)[1]) for error in refused.errors]


def test_the_sweeper_prepares_last_month_once_from_ten_oclock_on_the_first(treasury: Treasury) -> None:
    with at(OCTOBER):
        lot = treasury.village()
        treasury.sell(lot, 2000)
        treasury.account(lot.village_id)
    with at(NOVEMBER.replace(day=1, hour=1, minute=59)):  # 09:59 in Shanghai
        assert jobs.prepare_last_month() == 0
    with at(NOVEMBER.replace(day=1, hour=2, minute=0)):
        assert [jobs.prepare_last_month() for _ in range(3)] == [1, 0, 0]
    with at(NOVEMBER):
        assert jobs.prepare_last_month() == 0
        run = treasury.run().summary.run
        assert (run.prepared_by, run.round) == (None, 1)
        treasury.pay()
    assert payable(lot.village_id) == 0


def test_the_sweeper_prepares_nothing_where_nothing_was_earned(app: Flask) -> None:
    assert jobs.prepare_last_month() == 0
    assert count("payout_run") == 0


def test_the_command_prepares_a_month_and_shows_it_again(app: Flask, treasury: Treasury) -> None:
    command = ["payouts", "prepare", "--month"]
    with at(OCTOBER):
        lot = treasury.village()
        treasury.sell(lot, 2000)
        treasury.account(lot.village_id)
    with at(NOVEMBER):
        runner = app.test_cli_runner()
        for _ in range(2):
            answer = runner.invoke(args=[*command, MONTH])
            assert answer.exit_code == 0, answer.output
            assert answer.output == (
                "payouts 2026-10-1: prepared  payouts=1  amount_yuan=20.00  skipped=0  statements=1\n"
            )
        assert runner.invoke(args=[*command, "2026-11"]).exit_code == 1
        assert runner.invoke(args=[*command, "2026-13"]).exit_code == 2


def test_what_waits_for_a_person_is_counted(treasury: Treasury) -> None:
    def waiting() -> tuple[int, int]:
        db.session.rollback()
        return known.count_payees_waiting(), count_runs_waiting()

    with at(OCTOBER):
        lot = treasury.village()
        treasury.sell(lot, 2000)
    with at(NOVEMBER), transaction():
        entered = payees.enter_payee(treasury.anna, holder_code(lot.village_id), "村", "12345678", "行")
    assert waiting() == (1, 0)
    with at(NOVEMBER):
        with transaction():
            payees.confirm_payee(treasury.bao, entered.code, "12345678")
        treasury.prepare()
        assert waiting() == (0, 1)
        treasury.approve()
        assert waiting() == (0, 1)
        treasury.export()
        assert waiting() == (0, 0)


def test_every_step_stands_in_the_audit_log_without_account_numbers(treasury: Treasury) -> None:
    with at(OCTOBER):
        lot = treasury.village()
        treasury.sell(lot, 2000)
    with at(NOVEMBER):
        treasury.account(lot.village_id)
        treasury.prepare()
        treasury.pay()
    rows = db.session.execute(
        text("SELECT operator_id, action, details::text AS details FROM audit_entry ORDER BY id")
    ).all()
    assert [(row.operator_id, row.action) for row in rows if row.operator_id] == [
        (treasury.anna, "payee_entered"),
        (treasury.bao, "payee_confirmed"),
        (treasury.anna, "payouts_prepared"),
        (treasury.bao, "payouts_approved"),
        (treasury.chen, "payout_file_taken"),
        (treasury.anna, "payout_results_recorded"),
    ]
    assert "6222020000112233445" not in "".join(row.details for row in rows)
    assert holder_code(lot.village_id)
