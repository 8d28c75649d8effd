// The form of an application's parameters: sliders beside their number, and what a field's error
// says to a screen reader. The server checks; this only shows.

function follow(slider) {
  const number = document.getElementById(slider.dataset.slides);
  slider.addEventListener("input", () => (number.value = slider.value));
  number.addEventListener("input", () => (slider.value = number.value || slider.min));
}

function prepare(root) {
  for (const each of root.querySelectorAll("[data-slides]")) {
    if (each.dataset.follows) continue;
    each.dataset.follows = "yes";
    follow(each);
  }
}

/** After new errors have come in: the controls that they are about say that they are not valid. */
function mark() {
  for (const field of document.querySelectorAll("#launch .field")) {
    const isInvalid = Boolean(field.querySelector(".error")?.textContent.trim());
    field.classList.toggle("invalid", isInvalid);
    for (const each of field.querySelectorAll("[aria-describedby]")) {
      if (isInvalid) each.setAttribute("aria-invalid", "true");
      else each.removeAttribute("aria-invalid");
    }
  }
}

// Configurations that are saved are links that fill the form in; this browser keeps them.

const MOST_SAVED = 50;

function shelf() {
  const box = document.querySelector("[data-saved]");
  return box && { box, key: `ripieno:saved:${box.dataset.of}:${box.dataset.saved}` };
}

function saved(key) {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

function keep(key, list) {
  localStorage.setItem(key, JSON.stringify(list.slice(0, MOST_SAVED)));
  show();
}

function show() {
  const { box, key } = shelf() ?? {};
  if (!box) return;
  const page = `/applications/${box.dataset.saved}?`;
  const list = saved(key).filter((each) => String(each.link).startsWith(page));
  const lines = list.map((each) => {
    const line = box.querySelector("template").content.firstElementChild.cloneNode(true);
    const link = line.querySelector("a");
    link.textContent = each.label;
    link.href = each.link;
    line.querySelector("button").addEventListener("click", () =>
      keep(key, saved(key).filter((other) => other.label !== each.label)),
    );
    return line;
  });
  box.querySelector("ul").replaceChildren(...lines);
  box.hidden = lines.length === 0;
}

document.querySelector("[data-saves]")?.addEventListener("submit", (event) => {
  const label = event.target.elements.label.value.trim();
  const link = document.querySelector("#told [data-copies-address]")?.dataset.copiesAddress;
  const { key } = shelf() ?? {};
  if (!label || !link || !key) return;
  keep(key, [{ label, link }, ...saved(key).filter((each) => each.label !== label)]);
});

prepare(document);
show();
document.addEventListener("htmx:afterSettle", () => {
  prepare(document);
  mark();
  if (!document.querySelector("[data-saved] li")) show();
});

// After a form that was sent came back with faults, the first of them is where to go on.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.requestConfig?.path.endsWith("/deploy")) {
    document.querySelector("#launch [aria-invalid=true]")?.focus();
  }
});

document.querySelector("#launch[data-launches]")?.scrollIntoView({ block: "nearest" });
