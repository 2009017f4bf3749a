"""Neighbours: one phone walked for two accounts; both read why they are held, one appeals and is heard."""

import re

from cases.people import Operator, Unexpected
from stories.teller import Story

WORDS = "父亲的手机放在我家，这个月由我帮他带着走路。"


def play(story: Story) -> None:
    """Play the story."""
    one, father = story.another("neighbour"), story.another("father")
    _walk(one, "neighbour", walked_by="neighbour")
    _walk(father, "father", walked_by="neighbour")
    story.tell("two accounts send the month of steps that one phone has counted")
    looked = story.instance.flask("fairness", "look").stdout.split()
    story.tell(f"flask fairness look: {' '.join(looked)}")
    measure = _held(story, father)
    _explain(story, father)
    lin, zhang = story.operator("sample-lin"), story.operator("sample-zhang")
    inquiry = _found(r"/console/fairness/\w{12}", lin.page("/console/fairness"))
    parties = sorted(set(re.findall(rf"{inquiry}/accounts/\w+", lin.page(inquiry))))
    code = father.call("GET", "/v1/me")["code"]
    for party in parties:
        kept = party.endswith(code)
        decision, reason = (
            ("hold", "两个账户的步数逐日相同，请说明。") if kept else ("nothing", "是本人的手机。")
        )
        lin.send(party, decision=decision, reason=reason)
    story.tell(f"an operator decides {len(parties)} accounts one by one, each with a reason")
    measure = _held(story, father)
    father.call("POST", f"/v1/fairness/measures/{measure}/appeal", {"words": WORDS})
    appeal = _found(r"/console/fairness/appeals/\w{12}", zhang.page("/console/fairness?list=appeals"))
    _refused_to_answer_oneself(lin, appeal)
    zhang.send(f"{appeal}/answer", decision="grant", reason="情况属实，下月起请各用各的手机。")
    told = father.call("GET", "/v1/fairness")["measures"][0]
    if told["stands"] or told["appeal"]["status"] != "granted":
        raise Unexpected(f"a granted appeal left the account held: {told}")
    story.tell(f"another one answers: {told['appeal']['reason']}")


def _walk(person: Story, account: str, walked_by: str) -> None:
    person.call("PUT", "/v1/me/consents/walking/werun", {"version": "2026-1"})
    data = person.on_phone("werun", {"account": account, "walked_by": walked_by})
    person.call("POST", "/v1/steps", {"encrypted_data": data["encryptedData"], "iv": data["iv"]})


def _held(story: Story, person: Story) -> str:
    told = person.call("GET", "/v1/fairness")["measures"][0]
    if told["rule"] != "same_steps" or not told["stands"]:
        raise Unexpected(f"the same steps on two accounts were not held: {told}")
    story.tell(f"{told['rule_name']}: {told['told']}; {len(told['data'])} days of their own data shown")
    return str(told["code"])


def _explain(story: Story, person: Story) -> None:
    rules = person.call("GET", "/v1/fairness/rules")
    [rule] = [each for each in rules["signals"] if each["key"] == "same_steps"]
    story.tell(f"   {rule['texts']['reason_zh']}")
    story.tell(f"   {rule['texts']['fair_zh']}")


def _refused_to_answer_oneself(lin: Operator, appeal: str) -> None:
    answer = lin.ask(f"{appeal}/answer", decision="refuse", reason="x")
    if answer.status_code != 403:
        raise Unexpected(f"whoever decided answered the appeal too: {answer.status_code}")


def _found(pattern: str, page: str) -> str:
    found = re.search(pattern, page)
    if found is None:
        raise Unexpected(f"nothing like {pattern} on the page")
    return found[0]
