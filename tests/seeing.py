"""What a page must be to be safe and whole, as its markup shows it."""

from html.parser import HTMLParser


class Seen(HTMLParser):
    """What a page holds that matters to its safety and to readers."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.unsafe: list[str] = []
        self.addresses: list[str] = []
        self.headings = 0
        self.language = ""
        self.unlabelled: list[str] = []
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self._script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag brings."""
        given = {name: value or "" for name, value in attrs}
        self._script = tag == "script"
        if tag == "style" or "style" in given or any(name.startswith("on") for name in given):
            self.unsafe.append(f"<{tag} {given}>")
        if tag == "script" and "src" not in given:
            self.unsafe.append("<script>")
        if tag in ("script", "link", "img", "iframe"):
            self.addresses.append(given.get("src") or given.get("href") or "")
        if tag == "html":
            self.language = given.get("lang", "")
        if tag == "label":
            self.labels.add(given.get("for", ""))
        if tag in ("input", "select") and given.get("type") not in ("hidden", "radio"):
            self.unlabelled.append(given.get("id", "?"))
        self.headings += tag == "h1"
        if "id" in given:
            self.ids.append(given["id"])

    def handle_data(self, data: str) -> None:
        """Note what stands inside a script."""
        if self._script and data.strip():
            self.unsafe.append(data)


def assert_sound(page: str, language: str, path: str) -> None:
    seen = Seen(page)
    assert seen.unsafe == [], path
    assert seen.language == {"zh": "zh-CN", "en": "en"}[language], path
    assert seen.headings == 1, path
    assert len(seen.ids) == len(set(seen.ids)), path
    assert set(seen.unlabelled) <= seen.labels, path
    own = ("/static/", "/console/reviews/")  # photos of acts are drawn for operators alone
    assert all(address.startswith(own) for address in seen.addresses), path
    assert "{{" not in page
    assert "None" not in page, path
