"""The commands on factors: what is loaded by tier, what is refused and where, which pack counts."""

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from app.footprint.services.factors import FILE


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["factors", *words])


def test_everything_loaded_is_listed_by_tier_with_its_mark(app: Flask) -> None:
    told = run(app, "load", "--lang", "en")
    assert told.exit_code == 0, told.output
    lines = told.output.splitlines()
    tiers = [line for line in lines if line.startswith("tier ")]
    assert [line.split(":")[0] for line in tiers] == [
        f"tier {tier}" for tier in ("A", "B", "C", "D", "E", "calc")
    ]
    rows = [line for line in lines if line.startswith("  ") and " v1 " in line and line[2:5] != "on "]
    assert len(rows) == 288
    assert sum("Reference value, not verified" in line for line in rows) == 97
    assert "factors: 288 in force, 191 verified, 97 marked" in lines
    assert any(line.startswith("  off  own_cup") for line in lines)
    assert lines[-1] == "loaded: factors=0 methodologies=0 new versions"


def test_a_broken_row_is_refused_with_its_line_and_nothing_is_loaded(app: Flask, tmp_path: Path) -> None:
    rows = FILE.read_text("utf-8").splitlines()
    rows[4] = rows[4].replace("kgCO2/kWh", "kgCO2/km")
    rows[9] = rows[9].replace("0.5737", "0.1")
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(rows) + "\n", "utf-8")
    for command in ("check", "load"):
        told = run(app, command, str(file))
        assert told.exit_code == 1
        assert "mine.csv:5: elec.grid.sx.2023 a factor of electricity is not in kgCO2/km" in told.output
        assert "Traceback" not in told.output
    assert "elec.grid.sh.2023                      v1 0.5737" in run(app, "list").output


def test_a_file_of_ones_own_adds_factors(app: Flask, tmp_path: Path) -> None:
    head = FILE.read_text("utf-8").splitlines()[0]
    file = tmp_path / "mine.csv"
    row = "er.own.xm,厦门,Xiamen,behaviour_er,0.05,kgCO2/p.km,CN-FJ-XM,2026-01-01,,notice,,,no,[D] made up"
    file.write_text(f"{head}\n{row}\n", "utf-8")
    told = run(app, "load", str(file))
    assert told.exit_code == 0, told.output
    assert "loaded: factors=1 methodologies=0 new versions" in told.output
    assert "factors: 289 in force, 191 verified, 98 marked" in told.output


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["pack", "shenzhen-2026"], 0, "pack shenzhen-2026 counts from now on"),
        (["pack", "hubei-2026", "--from", "2099-01-01"], 1, "until then"),
        (["pack", "hubei-2026"], 1, "let nothing count first, for 2 minutes"),
        (["stop"], 0, "nothing counts from now on; every process knows it in 2 minutes"),
        (["pack", "shenzhen-2026", "--from", "2099-01-01"], 0, "counts from 2099-01-01"),
        (["pack", "atlantis"], 1, "no such pack: atlantis"),
        (["check"], 0, "sound: factors=288 methodologies=31 guides=3"),
    ],
)
def test_a_pack_is_chosen_or_refused_by_name(app: Flask, words: list[str], code: int, said: str) -> None:
    told = run(app, *words)
    assert told.exit_code == code
    assert said in told.output


def test_a_file_of_ones_own_stands_after_the_next_start(app: Flask, tmp_path: Path) -> None:
    lines = FILE.read_text("utf-8").splitlines()
    changed = next(line for line in lines if line.startswith("elec.grid.fj.2023,"))
    file = tmp_path / "mine.csv"
    file.write_text(f"{lines[0]}\n{changed.replace(',0.4211,', ',0.4300,')}\n", "utf-8")
    assert "loaded: factors=1 " in run(app, "load", str(file)).output
    for words, new in ((["load"], 0), (["load", str(file)], 0), (["load"], 0)):
        told = run(app, *words)
        assert f"loaded: factors={new} " in told.output, "what was loaded once is not loaded again"
        assert "elec.grid.fj.2023                      v2 0.4300" in told.output
