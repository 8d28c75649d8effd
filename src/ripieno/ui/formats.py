"""How numbers, sizes, spans of time and moments are written in pages."""

from collections.abc import Callable
from datetime import UTC, datetime

from babel import dates, numbers
from markupsafe import Markup

from ripieno.ui import markdown, sayings, terminal
from ripieno.ui.language import Language

UNITS = {
    "en": ("B", "KiB", "MiB", "GiB", "TiB"),
    "fr": ("o", "Kio", "Mio", "Gio", "Tio"),
}


def filters(spoken: Language) -> dict[str, Callable[..., object]]:
    """The filters of templates in a language."""
    code = spoken.code

    def number(value: float) -> str:
        return numbers.format_decimal(value, locale=code)

    def seconds(value: float | None) -> str:
        return duration(value, code)

    def moment(value: datetime | None) -> Markup:
        """A moment, which the browser writes in its own zone."""
        if value is None:
            return Markup("–")
        value = value.astimezone(UTC)
        written = dates.format_datetime(value, "medium", tzinfo=UTC, locale=code)
        return Markup('<time datetime="{}" data-moment>{} UTC</time>').format(
            value.isoformat(timespec="seconds").replace("+00:00", "Z"), written
        )

    def instant(value: datetime) -> Markup:
        """A moment to the second."""
        return Markup(str(moment(value)).replace("data-moment", 'data-moment="second"'))

    def size(value: float | None) -> str:
        return size_of(value, code)

    def age(value: datetime) -> Markup:
        """How long ago something was, roughly, so that a page need not say it anew all the time."""
        value = value.astimezone(UTC)
        old_s = max(0.0, (datetime.now(UTC) - value).total_seconds())
        written = spoken.gettext("just now") if old_s < 60 else duration(rough(old_s), code)
        return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(
            value.isoformat(timespec="seconds").replace("+00:00", "Z"),
            dates.format_datetime(value, "medium", tzinfo=UTC, locale=code),
            written,
        )

    def said(text: str) -> str:
        return sayings.said(text, spoken)

    def found(text: str) -> str:
        return sayings.found(text, spoken)

    return {
        "age": age,
        "said": said,
        "found": found,
        "plain_line": terminal.plain,
        "number": number,
        "seconds": seconds,
        "moment": moment,
        "instant": instant,
        "size": size,
        "markdown": markdown.to_html,
    }


def rough(value_s: float) -> float:
    """A span of time in its largest unit alone."""
    for unit_s in (86400, 3600, 60):
        if value_s >= unit_s:
            return float(value_s // unit_s * unit_s)
    return value_s


def duration(value_s: float | None, locale: str = "en") -> str:
    """A span of time in two units at most: `850 ms`, `3.4 s`, `2 min 5 s`, `3 h 20 min`."""
    if value_s is None:
        return "–"
    if value_s < 1:
        return f"{round(value_s * 1000)} ms"
    if value_s < 60:
        return f"{numbers.format_decimal(round(value_s, 1), locale=locale)} s"
    whole = round(value_s)
    for unit, name, below, below_name in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= unit:
            first, rest = divmod(whole, unit)
            second = rest // below
            name = "j" if (name, locale) == ("d", "fr") else name
            return f"{first} {name} {second} {below_name}" if second else f"{first} {name}"
    raise AssertionError(whole)


def size_of(value_bytes: float | None, locale: str = "en") -> str:
    """A number of bytes: `512 B`, `3.4 MiB`."""
    if value_bytes is None:
        return "–"
    units = UNITS.get(locale, UNITS["en"])
    power = min(max(int(value_bytes).bit_length() - 1, 0) // 10, len(units) - 1)
    shown = numbers.format_decimal(round(value_bytes / 1024**power, 1), locale=locale)
    return f"{shown} {units[power]}"
