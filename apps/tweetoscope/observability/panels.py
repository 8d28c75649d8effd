"""A dashboard for Grafana as the JSON that it reads; `dashboards` says what is on them.

Numbers are a sixth of a row, curves a half. All ask one data source and look at one deployment,
both chosen on the page.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """Queries with the name of each curve, in one unit of Grafana's."""

    title: str
    text: str
    unit: str
    queries: Sequence[tuple[str, str]]
    bad_from: float | None = None
    bad_below: float | None = None
    most: float | None = None
    is_number: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Dashboard:
    """Panels in the order in which they are read, numbers before curves."""

    name: str
    title: str
    panels: Sequence[Panel]


def written(dashboard: Dashboard) -> str:
    """A dashboard as Grafana reads it."""
    said = {
        "uid": f"tweetoscope-{dashboard.name}",
        "title": dashboard.title,
        "tags": ["tweetoscope"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "10s",
        "time": {"from": "now-30m", "to": "now"},
        "timezone": "browser",
        "templating": {"list": _variables()},
        "links": [
            {"type": "dashboards", "title": "Tweetoscope", "tags": ["tweetoscope"],
             "includeVars": True, "keepTime": True},
        ],
        "panels": list(_panels(dashboard.panels)),
    }  # fmt: skip
    return json.dumps(said, indent=2) + "\n"


def _variables() -> list[dict[str, Any]]:
    deployments = "label_values(tweetoscope_info, deployment)"
    return [
        {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
        {
            "name": "deployment", "label": "Deployment", "type": "query", "datasource": SOURCE,
            "definition": deployments, "query": {"query": deployments, "refId": "deployments"},
            "refresh": 2, "sort": 1, "multi": False, "includeAll": False,
        },
    ]  # fmt: skip


def _panels(panels: Sequence[Panel]) -> Iterator[dict[str, Any]]:
    x = y = 0
    for id, panel in enumerate(panels, start=1):
        width, height = (4, 4) if panel.is_number else (12, 8)
        yield {
            "id": id,
            "type": "stat" if panel.is_number else "timeseries",
            "title": panel.title,
            "description": panel.text,
            "datasource": SOURCE,
            "gridPos": {"x": x, "y": y, "w": width, "h": height},
            "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
            "options": _options(panel),
            "targets": [
                {"refId": letter, "datasource": SOURCE, "expr": query, "legendFormat": name}
                for letter, (query, name) in zip(ascii_uppercase, panel.queries, strict=False)
            ],
        }
        x += width
        if x == WIDTH:
            x, y = 0, y + height


def _defaults(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.bad_from is not None:
        steps.append({"color": "red", "value": panel.bad_from})
    if panel.bad_below is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": panel.bad_below}]
    defaults: dict[str, Any] = {
        "unit": panel.unit,
        "min": 0,
        "thresholds": {"mode": "absolute", "steps": steps},
    }
    if panel.most is not None:
        defaults["max"] = panel.most
    if not panel.is_number:
        line = "off" if len(steps) == 1 else "dashed"
        defaults["custom"] = {"thresholdsStyle": {"mode": line}, "spanNulls": True}
    return defaults


def _options(panel: Panel) -> dict[str, Any]:
    if panel.is_number:
        return {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "colorMode": "value",
            "graphMode": "area",
        }
    return {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
