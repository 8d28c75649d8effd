// A one-time link that was opened from outside the browser is used without a click.
document.querySelector("form[data-sends-itself]")?.requestSubmit();
