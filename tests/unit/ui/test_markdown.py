"""Descriptions that strangers wrote: formatted, and harmless."""

import re

import pytest

from ripieno.ui import markdown


def test_what_people_write_is_formatted() -> None:
    html = markdown.to_html(
        "# Title\n\nSome **bold** text, ~~not~~ `code`.\n\n- one\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    )
    for part in ("<h3>Title</h3>", "<strong>bold</strong>", "<code>code</code>", "<li>one</li>"):
        assert part in html
    assert "<td>2</td>" in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "![x](javascript:alert(1))",
        "<a href='java&#10;script:alert(1)'>x</a>",
        "<svg/onload=alert(1)>",
        "<style>*{display:none}</style>",
        "<iframe src=//evil.test></iframe>",
        "<form action=//evil.test><input name=password></form>",
        "[x](https://ok.test \"' onmouseover='alert(1)\")",
        "`<script>`",
        "```\n</code></pre><script>alert(1)</script>\n```",
        '<https://ok.test/"onclick=alert(1)>',
        "[x]: javascript:alert(1)\n\n[x]",
        "<base href=//evil.test>",
        "<meta http-equiv=refresh content=0;url=//evil.test>",
    ],
)
def test_nothing_in_it_runs_or_loads(text: str) -> None:
    html = markdown.to_html(text)
    tags = re.findall(r"<[^>]*>", html)
    for tag in tags:
        assert re.match(r"</?(a|p|code|pre|em|strong|img|ul|li)\b", tag), tag
        outside = re.sub('"[^"]*"', '""', tag)
        assert not re.search(r"\son|style=", outside), tag
        assert not re.search(r"(javascript|vbscript|data):", tag, re.IGNORECASE), tag


def test_images_come_over_https_only() -> None:
    assert 'src="https://ok.test/a.png"' in markdown.to_html("![a](https://ok.test/a.png)")
    for address in (
        "http://ok.test/a.png",
        "//ok.test/a.png",
        "/api/v1/tokens",
        "data:image/png,x",
    ):
        assert "src=" not in markdown.to_html(f"![a]({address})"), address


def test_links_lead_to_the_web_and_give_nothing_away() -> None:
    html = markdown.to_html("[a](https://ok.test/)")
    assert 'href="https://ok.test/"' in html
    assert "noopener" in html
    for address in ("/admin", "//evil.test", "../x", "ftp://ok.test"):
        assert "href=" not in markdown.to_html(f"[a]({address})"), address


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("https://ok.test/a", True),
        ("http://ok.test", True),
        ("javascript:alert(1)", False),
        ("//ok.test", False),
        ("https://", False),
        ("http://[", False),
        ("ok.test", False),
        ("java\nscript://ok.test/%0aalert(1)", False),
        ("", False),
    ],
)
def test_a_web_address_is_http_with_a_host(text: str, fits: bool) -> None:
    assert markdown.is_web_address(text) is fits


def test_deep_nesting_ends() -> None:
    html = markdown.to_html("> " * 5000 + "x" + "[" * 5000)
    assert html.count("<blockquote") < 30
