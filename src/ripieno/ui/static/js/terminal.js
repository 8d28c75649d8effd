// Lines that programs print for terminals: colours become classes, everything else that is meant
// for a terminal is taken away. Nothing here makes markup.

// eslint-disable-next-line no-control-regex
const ESCAPE = /\x1b(?:\[([0-?]*)[ -/]*([@-~])|[\]PX^_][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)?|[ -/]*[0-~]|$)/g;
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/** The line in pieces: `{ text, kind }`, `kind` being classes or nothing. */
export function pieces(line) {
  const over = line.replace(/\r+$/, "");
  const last = over.slice(over.lastIndexOf("\r") + 1); // a line written over shows its last state
  if (!last.includes("\x1b")) return [{ text: last.replace(CONTROLS, ""), kind: "" }];
  const found = [];
  let style = {};
  let end = 0;
  for (const match of last.matchAll(ESCAPE)) {
    add(found, last.slice(end, match.index), style);
    end = match.index + match[0].length;
    if (match[2] === "m") style = styled(style, match[1]);
  }
  add(found, last.slice(end), style);
  return found;
}

/** The line as plain text. */
export function plain(line) {
  return pieces(line).map((each) => each.text).join("");
}

function add(found, text, style) {
  const shown = text.replace(CONTROLS, "");
  if (shown) found.push({ text: shown, kind: Object.values(style).filter(Boolean).join(" ") });
}

function styled(before, codes) {
  const style = { ...before };
  const numbers = codes.split(";").map(Number);
  for (let index = 0; index < numbers.length; index += 1) {
    const code = numbers[index];
    if (code === 0) for (const key of Object.keys(style)) delete style[key];
    else if (code === 1) style.weight = "ansi-bold";
    else if (code === 2) style.weight = "ansi-dim";
    else if (code === 22) delete style.weight;
    else if (code >= 30 && code <= 37) style.colour = `ansi-${COLOURS[code - 30]}`;
    else if (code >= 90 && code <= 97) style.colour = `ansi-${COLOURS[code - 90]}`;
    else if (code === 39) delete style.colour;
    else if (code === 38 || code === 48) {
      // Of more colours the first sixteen are known; the others keep the text's own.
      const isIndexed = numbers[index + 1] === 5;
      const chosen = numbers[index + 2];
      if (code === 38 && isIndexed && chosen < 16) style.colour = `ansi-${COLOURS[chosen % 8]}`;
      index += isIndexed ? 2 : 4;
    }
  }
  return style;
}
