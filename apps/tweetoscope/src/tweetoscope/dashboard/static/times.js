// Times as the visitor's clock has them.

export const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
export const day = new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** Puts the visitor's time wherever a time is told. */
export function localise(within) {
  for (const time of within.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    time.textContent = (Math.abs(at - Date.now()) < 43_200_000 ? clock : day).format(at);
    time.title = at.toLocaleString();
  }
}
