"""A giver: cards for two at a wedding, one payment, a claim by link, a name by consent and thanks."""

from typing import Any

from cases.instance import wait
from cases.people import Unexpected
from stories.teller import Story

READY_WITHIN_S = 10.0
NAME = "明明"


def play(story: Story) -> None:
    """Play the story."""
    story.sign_in("giver")
    gift = _give(story)
    story.keep_printed(f"/g/{_secret(gift)}", "gift-card")
    guest = story.another("guest")
    number = _accept(story, guest, gift)
    _thank(story, guest, gift)
    story.keep_printed(f"/c/{number}", "gift-certificate")


def _give(story: Story) -> Any:
    wish = {
        "occasion": "wedding",
        "card_kg": 10,
        "recipients": ["小明", "小红"],
        "words": "愿你们如双树并立，根相连，枝相依。",
        "giver": "外婆",
    }
    refused = story.ask("POST", "/v1/me/gifts", wish | {"words": "打 138 0013 8000 找我"})
    if refused.status_code != 422:
        raise Unexpected(f"a telephone number was taken as words: {refused.text}")
    story.tell(f"words with a telephone number: {refused.json()['errors'][0]['detail']}")
    gift = story.call("POST", "/v1/me/gifts", wish)
    story.tell(f"a wedding gift of two cards, {gift['amount_fen'] / 100:.2f} yuan in one order")
    story.pay(gift["order"])
    gift = wait(lambda: _ready(story, gift["code"]), READY_WITHIN_S)
    story.tell("paid, retired, words checked by WeChat; each card has a link")
    return gift


def _secret(gift: Any) -> str:
    return str(gift["cards"][0]["link"].rsplit("/", 1)[-1])


def _ready(story: Story, code: str) -> Any:
    found = story.call("GET", f"/v1/me/gifts/{code}")
    return found if found["status"] == "ready" else None


def _accept(story: Story, guest: Story, gift: Any) -> str:
    link = _secret(gift)
    card = guest.call("POST", f"/v1/gift-links/{link}/claim")
    story.tell(f"a guest accepts one: “{card['words']}” — {card['giver']}; {card['serial']}")
    late = story.another("late").ask("POST", f"/v1/gift-links/{link}/claim")
    if late.status_code != 409:
        raise Unexpected(f"a card was claimed twice: {late.text}")
    story.tell(f"somebody else with the same link: {late.json()['title']}")
    number = str(card["certificate_number"])
    named = f"/v1/me/gift-cards/{card['code']}/name"
    _expect_names(story, number, [])
    guest.call("PUT", named, {"name": NAME})
    wait(lambda: _names(story, number) == [NAME], READY_WITHIN_S)
    story.tell(f"by their own consent the certificate's page names {NAME}, and one more anonymous")
    guest.call("DELETE", named)
    _expect_names(story, number, [])
    story.tell("consent taken back: the page names nobody")
    return number


def _thank(story: Story, guest: Story, gift: Any) -> None:
    [card] = guest.call("GET", "/v1/me/gift-cards")["items"]
    guest.call("POST", f"/v1/me/gift-cards/{card['code']}/thanks", {"thanks": "谢谢外婆！"})
    thanks = wait(
        lambda: story.call("GET", f"/v1/me/gifts/{gift['code']}")["cards"][0]["thanks"], READY_WITHIN_S
    )
    story.tell(f"the giver reads: “{thanks}”")


def _names(story: Story, number: str) -> list[str]:
    return list(story.call("GET", f"/v1/dedications/{number}")["names"])


def _expect_names(story: Story, number: str, names: list[str]) -> None:
    told = _names(story, number)
    if told != names:
        raise Unexpected(f"the certificate names {told}, not {names}")
