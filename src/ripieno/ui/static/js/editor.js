// The editor of an application's document: numbers beside the lines, and the way to a faulty one.

function prepare() {
  const text = document.getElementById("document");
  if (!text || text.dataset.isNumbered) return;
  text.dataset.isNumbered = "yes";
  const lines = document.querySelector("[data-lines]");
  let count = 0;
  const number = () => {
    const wanted = text.value.split("\n").length;
    if (wanted === count) return;
    count = wanted;
    lines.textContent = Array.from({ length: count }, (_, index) => index + 1).join("\n");
  };
  const follow = () => (lines.scrollTop = text.scrollTop);
  new ResizeObserver(() => {
    lines.style.height = `${text.offsetHeight}px`;
    follow();
  }).observe(text);
  text.addEventListener("input", number);
  text.addEventListener("scroll", follow);
  number();
}

function goTo(line) {
  const text = document.getElementById("document");
  const before = text.value.split("\n").slice(0, line - 1);
  const start = before.join("\n").length + (line > 1 ? 1 : 0);
  const end = text.value.indexOf("\n", start);
  text.focus();
  text.setSelectionRange(start, end < 0 ? text.value.length : end);
  const height = parseFloat(getComputedStyle(text).lineHeight);
  text.scrollTop = Math.max(0, (line - 4) * height);
}

// The names of chosen files are told with the document, their contents only when it is saved.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.path !== "/publish/check") return;
  const chosen = document.querySelector("[data-chosen]");
  const folder = document.getElementById("f-folder")?.value.replace(/^[/ ]+|[/ ]+$/g, "") ?? "";
  for (const name of ["files", "icon", "screenshots"]) event.detail.formData.delete(name);
  for (const file of chosen?.files ?? []) {
    event.detail.formData.append("chosen", folder ? `${folder}/${file.name}` : file.name);
  }
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-goes-to]");
  if (button) goTo(Number(button.dataset.goesTo));
});
document.addEventListener("htmx:afterSettle", prepare);
prepare();
