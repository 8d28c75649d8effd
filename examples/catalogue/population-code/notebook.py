"""How well can a direction be read from the spikes of a few noisy neurons? A marimo notebook.

`marimo edit notebook.py` is where it was written; `marimo run notebook.py -- --neurons 24` shows it
as an application, beginning with 24 neurons.
"""

import marimo

app = marimo.App(width="medium", app_title="Population code")


@app.cell
def _():
    import altair as alt
    import marimo as mo
    import numpy as np

    given = mo.cli_args()

    def styled(chart):
        """Text as that of the page, and no frame."""
        look = {"font": "PT Sans, sans-serif", "view": {"stroke": None}}
        return chart.configure(**look, axis=alt.AxisConfig(gridColor="#e9edf2", domain=False))

    return alt, given, mo, np, styled


@app.cell
def _(mo):
    mo.md(r"""
    # Reading a direction from noisy neurons

    A neuron of the visual or motor cortex fires most when something moves in the direction that it
    prefers, and less the farther it is from that. One neuron says little: the same count of spikes
    may stand for two directions, and no two trials are the same. Many neurons say it together.

    Neuron $i$ prefers the direction $\theta_i$. In a window of length $T$ its count of spikes is
    Poisson with mean

    $$T f_i(\theta) = T\left(r_0 + (r_1 - r_0)\,e^{\kappa(\cos(\theta-\theta_i)-1)}\right).$$
    """)
    return


@app.cell
def _(given, mo):
    neurons = mo.ui.slider(
        4, 64, step=2, value=int(given.get("neurons") or 16), label="Neurons", show_value=True
    )
    peak = mo.ui.slider(
        5,
        100,
        step=5,
        value=int(given.get("peak") or 30),
        label="Highest rate (1/s)",
        show_value=True,
    )
    kappa = mo.ui.slider(0.5, 8, step=0.5, value=2, label="Sharpness κ", show_value=True)
    window_ms = mo.ui.slider(50, 1000, step=50, value=200, label="Window (ms)", show_value=True)
    theta_deg = mo.ui.slider(0, 355, step=5, value=135, label="True direction (°)", show_value=True)
    another = mo.ui.button(value=1, on_click=lambda trial: trial + 1, label="Another trial")
    mo.vstack(
        [
            mo.hstack([neurons, peak, kappa], justify="start", gap=2, wrap=True),
            mo.hstack([theta_deg, window_ms, another], justify="start", gap=2, wrap=True),
        ]
    ).callout()
    return another, kappa, neurons, peak, theta_deg, window_ms


@app.cell
def _(kappa, neurons, np, peak):
    REST_RATE = 2.0
    GRID = np.deg2rad(np.arange(360))

    def rates(direction, preferred):
        """Spikes a second: a row for each direction, a column for each neuron."""
        bump = np.exp(kappa.value * (np.cos(direction[:, None] - preferred) - 1))
        return REST_RATE + (peak.value - REST_RATE) * bump

    def preferred_by(count):
        """Directions evenly spread over the circle."""
        return 2 * np.pi * np.arange(count) / count

    preferred = preferred_by(neurons.value)
    return GRID, preferred, preferred_by, rates


@app.cell
def _(GRID, another, np, preferred, rates, theta_deg, window_ms):
    window_s = window_ms.value / 1000
    theta = np.deg2rad(theta_deg.value)
    counts = np.random.default_rng(another.value).poisson(
        window_s * rates(np.array([theta]), preferred)[0]
    )

    def likeliest(counts, preferred):
        """The direction under which these counts are most likely, for each row of them."""
        means = window_s * rates(GRID, preferred)
        return GRID[(counts @ np.log(means).T - means.sum(1)).argmax(-1)]

    def vector(counts, preferred):
        """The direction of the sum of what each neuron prefers, weighted by its count."""
        return np.angle(counts @ np.exp(1j * preferred)) % (2 * np.pi)

    return counts, likeliest, theta, vector, window_s


@app.cell
def _(alt, counts, likeliest, mo, np, preferred, rates, styled, theta, vector):
    def degrees(angle):
        return round(float(np.rad2deg(angle)), 1)

    decoded = {
        "true": degrees(theta),
        "most likely": degrees(likeliest(counts[None], preferred)[0]),
        "population vector": degrees(vector(counts[None], preferred)[0]),
    }
    colours = alt.Scale(domain=list(decoded), range=["#1d2733", "#2f6fbb", "#e07b28"])
    circle = alt.X(
        "degrees:Q",
        scale=alt.Scale(domain=[0, 360], padding=14, nice=False),
        axis=alt.Axis(values=list(range(0, 361, 45))),
        title="Direction (°)",
    )
    every = rates(np.deg2rad(np.arange(0, 361, 4)), preferred)
    curves = (
        alt.Chart(
            alt.Data(
                values=[
                    {"degrees": 4 * row, "rate": round(float(rate), 2), "neuron": neuron}
                    for row, line in enumerate(every)
                    for neuron, rate in enumerate(line)
                ]
            )
        )
        .mark_line(strokeWidth=1.2, opacity=0.8)
        .encode(
            x=circle,
            y=alt.Y("rate:Q", title="Rate (1/s)"),
            detail="neuron:N",
            color=alt.Color("neuron:Q", scale=alt.Scale(scheme="rainbow"), legend=None),
        )
        .properties(width="container", height=190, title="What each neuron is tuned to")
    )
    bars = (
        alt.Chart(
            alt.Data(
                values=[
                    {"degrees": degrees(angle), "spikes": int(count), "neuron": neuron}
                    for neuron, (angle, count) in enumerate(zip(preferred, counts, strict=True))
                ]
            )
        )
        .mark_bar(size=max(3, 240 / len(preferred)), opacity=0.85)
        .encode(
            x=circle,
            y=alt.Y("spikes:Q", title="Spikes", axis=alt.Axis(tickMinStep=1)),
            color=alt.Color("neuron:Q", scale=alt.Scale(scheme="rainbow"), legend=None),
            tooltip=["neuron:Q", "spikes:Q"],
        )
    )
    rules = (
        alt.Chart(alt.Data(values=[{"degrees": at, "what": name} for name, at in decoded.items()]))
        .mark_rule(strokeWidth=2.5)
        .encode(
            x="degrees:Q",
            color=alt.Color(
                "what:N", scale=colours, title=None, legend=alt.Legend(orient="bottom")
            ),
            strokeDash=alt.StrokeDash("what:N", legend=None),
            tooltip=["what:N", "degrees:Q"],
        )
    )
    trial = (
        alt.layer(bars, rules)
        .resolve_scale(color="independent")
        .properties(width="container", height=210, title="One trial, and what is read from it")
    )
    mo.vstack(
        [
            styled(curves),
            styled(trial),
            mo.hstack(
                [
                    mo.stat(f"{at:g}°", label=name.capitalize(), bordered=True)
                    for name, at in decoded.items()
                ],
                widths="equal",
                gap=1,
            ),
        ]
    )
    return


@app.cell
def _(mo):
    mo.md(r"""
    ## How many neurons does it take?

    No way of reading can be better, on average and without bias, than the Fisher information
    allows: $\operatorname{Var}\hat\theta \ge 1/J(\theta)$ with
    $J(\theta) = T\sum_i f_i'(\theta)^2 / f_i(\theta)$. Four hundred trials for each number of
    neurons show how near the two ways come. Widen the window, and all three fall.
    """)
    return


@app.cell
def _(alt, likeliest, np, preferred_by, rates, styled, vector, window_s):
    def error_deg(found, true):
        """The root of the mean square of the difference on the circle."""
        away = np.angle(np.exp(1j * (found - true)))
        return float(np.rad2deg(np.sqrt((away**2).mean())))

    def errors(count, trials=400):
        """What each way of reading misses by, and the bound."""
        random = np.random.default_rng(count)
        preferred = preferred_by(count)
        true = random.uniform(0, 2 * np.pi, trials)
        seen = random.poisson(window_s * rates(true, preferred))
        step = 1e-4
        slope = (rates(true + step, preferred) - rates(true - step, preferred)) / (2 * step)
        information = window_s * (slope**2 / rates(true, preferred)).sum(1)
        return {
            "most likely": error_deg(likeliest(seen, preferred), true),
            "population vector": error_deg(vector(seen, preferred), true),
            "bound": float(np.rad2deg(np.sqrt((1 / information).mean()))),
        }

    measured = [
        {"neurons": count, "what": name, "error": round(error, 2)}
        for count in (4, 6, 8, 12, 16, 24, 32, 48, 64)
        for name, error in errors(count).items()
    ]
    chart = (
        alt.Chart(alt.Data(values=measured))
        .mark_line(point=True, strokeWidth=2)
        .encode(
            x=alt.X("neurons:Q", scale=alt.Scale(type="log", base=2), title="Neurons"),
            y=alt.Y(
                "error:Q",
                scale=alt.Scale(type="log", nice=False),
                title="Error (°, root mean square)",
            ),
            color=alt.Color(
                "what:N",
                title=None,
                legend=alt.Legend(orient="bottom"),
                scale=alt.Scale(
                    domain=["most likely", "population vector", "bound"],
                    range=["#2f6fbb", "#e07b28", "#8a94a3"],
                ),
            ),
            strokeDash=alt.condition("datum.what == 'bound'", alt.value([5, 4]), alt.value([1, 0])),
            tooltip=["what:N", "neurons:Q", "error:Q"],
        )
        .properties(width="container", height=260)
    )
    styled(chart)
    return


if __name__ == "__main__":
    app.run()
