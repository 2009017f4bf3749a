"""Foreign units at an operator's phone, from the form to the page that their second person reads."""

import re
from pathlib import Path

from browsing import enter, fits
from instance import Instance
from playwright.sync_api import Page, expect

SERIAL = "0001-000001-000100-VCS-VCU-003-VER-US-0003-01012020-31122020-1"
UNITS = {
    "product": "vcs",
    "home_name": "Verra Registry",
    "project_code": "VCS-3",
    "name_zh": "示例外来项目",
    "name_en": "Sample foreign project",
    "region": "350721",
    "place_zh": "顺昌县",
    "place_en": "Shunchang",
    "area_m2": "10000",
    "serial": SERIAL,
    "quantity_t": "100",
    "methodology": "VM0015",
    "verification": "VER-1",
    "reference": "RET-1",
    "period_start": "2020-01-01",
    "period_end": "2020-12-31",
    "vintage": "2020",
}


def test_foreign_units_and_their_dates_fit_a_phone(
    instance: Instance, phone_page: Page, tmp_path: Path
) -> None:
    page = phone_page
    enter(page, instance, "sample-lin")
    page.goto(f"{instance.url}/console/dossiers/new")
    option = page.locator("select[name=holder] option", has_text="示例国有林场")
    holder = option.get_attribute("value") or ""
    page.goto(f"{instance.url}/console/origins")
    fits(page)
    form = page.locator('form[action="/console/origins"]')
    for name, value in {**UNITS, "holder": holder}.items():
        field = form.locator(f"[name={name}]")
        if name == "product":
            field.select_option(value)
        else:
            field.fill(value)
    proof = tmp_path / "proof.pdf"
    proof.write_bytes(b"%PDF-1.4 proof")
    form.locator("[name=proof]").set_input_files(proof)
    form.locator("button").click()
    expect(page).to_have_url(re.compile(r"/console/origins/\w+\?said="))
    for lang, dates in (("zh", "监测期"), ("en", "Monitoring period")):
        page.goto(f"{page.url.split('?')[0]}?lang={lang}")
        expect(page.get_by_text(dates)).to_be_visible()
        expect(page.get_by_text("2020-12-31", exact=True)).to_be_visible()
        fits(page)
