"""What a tree of the tree-planting duty costs, region by region, for anyone; and the template of a list."""

from flask import Response

from app.causes.queries.duty_documents import rate_text
from app.causes.queries.duty_tariffs import list_tariffs
from app.causes.rules.duties import AGES, MOST_TREES, NEEDED_TREES, Tariff, Use
from app.kit.http import public
from app.kit.messages import language
from app.web.pages import page, web

TEMPLATE = (
    "姓名,出生年,证件后四位,性别,同意印名,只求荣誉\r\n陈示例,1990,123X,,是,\r\n",
    "name,birth year,id suffix,sex,print name,honour\r\nAnna Sample,1990,123X,,yes,\r\n",
)


@web.get("/duty")
@public
def duty() -> Response:
    """Every tariff that was found, with its source and grade; which may be used, and why others may not."""
    found = list_tariffs()
    return page(
        "duty.html",
        usable=[(each, rate(each)) for each in found if each.use is not Use.REFUSED],
        refused=[(each, rate(each)) for each in found if each.use is Use.REFUSED],
        ages=AGES,
        needed=NEEDED_TREES,
        most=MOST_TREES,
    )


def rate(tariff: Tariff) -> str:
    """What gives how many trees, in the reader's language."""
    return rate_text(tariff)[language()]


@web.get("/duty/list.csv")
@public
def duty_list_template() -> Response:
    """A list to fill in; with a byte order mark, by which spreadsheets know its encoding."""
    content = TEMPLATE[language() != "zh"]
    headers = {"Content-Disposition": 'attachment; filename="senhui-duty-list.csv"'}
    return Response("\ufeff" + content, headers=headers, content_type="text/csv; charset=utf-8")
