"""The dashboard: a page that shows what is foretold while it happens.

`board` is its state, fed with messages; `view` says what a page shows of it; neither knows Kafka or
HTTP. `reading` feeds it from a broker, `site` answers browsers.
"""
