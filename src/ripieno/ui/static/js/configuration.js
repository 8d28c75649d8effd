// The forms of a deployment: the plan comes into view when it is there, and a plan that was made
// for something else goes when a form is changed.

const plan = document.getElementById("plan");

plan.addEventListener("htmx:afterSwap", () => {
  const panel = plan.querySelector("[data-plan]");
  if (!panel) return;
  panel.focus({ preventScroll: true });
  panel.scrollIntoView({ block: "nearest" });
});

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form?.id.startsWith("change-") || plan.contains(event.target)) return;
  const apply = plan.querySelector(`button[form="${form.id}"]`);
  if (apply) apply.disabled = true; // it would apply what its plan does not show
});

// Tab writes spaces in the document; Escape first lets it go on to the next control.
const editor = document.getElementById("document");
let leaves = false;
editor?.addEventListener("keydown", (event) => {
  if (event.key === "Escape") leaves = true;
  else if (event.key === "Tab" && !event.shiftKey && !leaves) {
    event.preventDefault();
    editor.setRangeText("  ", editor.selectionStart, editor.selectionEnd, "end");
    editor.dispatchEvent(new Event("input", { bubbles: true }));
  } else leaves = false;
});
