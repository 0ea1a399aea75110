// What live and settled answers have in common; Python puts it in front of either module.

const node = (tag, className = "", text = "") => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
};

const time = (s, exact = false) => {
  if (s >= 60) return `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s`;
  return exact ? `${s.toFixed(s < 1 ? 2 : 1)} s` : `${Math.floor(s)} s`;
};

const setText = (where, text) => {
  if (where.textContent !== text) where.textContent = text;
};

async function toClipboard(text) {
  try {
    return await navigator.clipboard.writeText(text);
  } catch {
    // No permission, or a page served without TLS: the older way still works there.
    const area = node("textarea");
    area.value = text;
    area.style.cssText = "position:fixed;opacity:0";
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    if (!copied) throw new Error("copying is not allowed here");
  }
}

const SHAPES = {
  retry: "M8 2.5a5.5 5.5 0 1 0 5.4 6.6h-1.1A4.4 4.4 0 1 1 8 3.6c1.2 0 2.3.5 3.1 1.3L9 7h5V2l-2.1 2.1A5.5 5.5 0 0 0 8 2.5z",
  expand: "M2 2h5v1H3.7l3 3-.7.7-3-3V7H2zm12 12H9v-1h3.3l-3-3 .7-.7 3 3V9h1z",
  hide: "M2 7.5h12v1H2z",
  away: "M4 3.3 8 7.3l4-4 .7.7-4 4 4 4-.7.7-4-4-4 4-.7-.7 4-4-4-4z",
  back: "M10 3 5 8l5 5 .7-.7L6.4 8l4.3-4.3z",
  forth: "M6 3l5 5-5 5-.7-.7L9.6 8 5.3 3.7z",
  copy: "M5 1h8v10h-2v-1h1V2H6v1H5zM2 4h8v11H2zm1 1v9h6V5z",
  done: "M6.2 12.6 1.8 8.2l1-1 3.4 3.4 7-7 1 1z",
};

function icon(shape) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", SHAPES[shape]);
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.append(path);
  return svg;
}

// A button that copies what `text()` gives, and says that it has.
function copyButton(label, text) {
  const made = node("button", "zenmux-copy");
  const say = (shape, words) => {
    made.replaceChildren(icon(shape), node("span", "zenmux-said", words));
    made.title = words;
  };
  made.type = "button";
  say("copy", label);
  made.addEventListener("click", async () => {
    try {
      await toClipboard(await text());
      say("done", "Copied");
    } catch (error) {
      say("copy", `Not copied: ${error.message}`);
    }
    setTimeout(say, 2000, "copy", label);
  });
  // Otherwise Lab takes Enter and Space for shortcuts of the notebook.
  made.dataset.lmSuppressShortcuts = "true";
  return made;
}

// Every code block in `root` gets a head with its language and a copy button, once.
function dressCode(root) {
  for (const block of root.querySelectorAll(".zenmux-code")) {
    let head = block.querySelector(":scope > .zenmux-code-head");
    if (!head) block.prepend((head = node("div", "zenmux-code-head")));
    if (head.querySelector("button")) continue;
    head.append(copyButton("Copy code", () => block.querySelector("pre").textContent));
  }
}

// The line above an answer. `paint` shows a status; `tick` moves its clock on.
class StatusLine {
  constructor(stop) {
    this.root = node("div", "zenmux-status");
    this.mark = node("span", "zenmux-mark");
    this.mark.ariaHidden = "true";
    this.model = node("span", "zenmux-model");
    this.state = node("span", "zenmux-state");
    this.phase = node("span", "zenmux-phase");
    this.phase.setAttribute("role", "status");
    this.clock = node("span", "zenmux-clock");
    this.state.append(this.phase, this.clock);
    this.figures = node("span", "zenmux-figures");
    this.actions = node("span", "zenmux-actions");
    this.actions.dataset.lmSuppressShortcuts = "true";
    this.stop = stop;
    this.root.append(this.mark, this.model, this.state, this.figures, this.actions);
  }

  paint(status) {
    this.status = status;
    this.at = performance.now();
    this.root.dataset.phase = status.phase;
    const [vendor, name] = status.model.split(/\/(.*)/s);
    const served = (status.served ?? "").replace(name ? `${vendor}/` : "", "");
    this.model.replaceChildren(
      node("span", "zenmux-vendor", name ? `${vendor}/` : ""),
      node("b", "", name || vendor),
      node("span", "zenmux-vendor", (served ? ` → ${served}` : "") + (status.settings ? ` ${status.settings}` : "")),
    );
    this.model.title = this.model.textContent; // it may be too long for a narrow page
    setText(this.phase, status.label);
    this.figures.replaceChildren(...(status.figures ?? []).map((text) => node("span", "", text)));
    this.tick();
    this.act();
  }

  get over() {
    return !["queued", "waiting", "retrying", "thinking", "streaming"].includes(this.status?.phase);
  }

  tick() {
    const { clock_s, until_s } = this.status;
    if (this.over) return setText(this.clock, clock_s == null ? "" : time(clock_s, true));
    const now = clock_s + (performance.now() - this.at) / 1000;
    setText(this.clock, until_s == null ? time(now) : time(Math.max(1, Math.ceil(until_s - now))));
  }

  // One button at one place: Stop, then Copy.
  act() {
    const wanted = this.over ? (this.status.text ? "copy" : "") : "stop";
    if (this.shown === wanted) return;
    this.shown = wanted;
    const focused = this.actions.contains(document.activeElement);
    this.actions.replaceChildren();
    if (wanted === "stop" && this.stop) {
      const button = node("button", "zenmux-stop", "Stop");
      button.type = "button";
      button.title = "Stop (Esc): what has come is kept";
      button.addEventListener("click", () => {
        button.disabled = true;
        this.stop();
      });
      this.actions.append(button);
    } else if (wanted === "copy") {
      this.actions.append(copyButton("Copy", () => this.status.text));
    }
    if (focused) this.actions.querySelector("button")?.focus();
  }
}
