"""The pages, one module each: functions that take a request and answer with a page.

A module names its handlers in `ROUTES`, which `ui.site` gathers. A handler asks
`visit.gate_of(request)` for what the visitor may use, and answers with `rendering.page`. What it
raises becomes a page, or a toast where htmx asked; see `ui.problem`.
"""
