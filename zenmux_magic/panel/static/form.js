// The panel's editor: prompt, system prompt, models, buttons. What it says to Python: see form.py.

const SETTINGS = [
  ["temperature", "Temperature", { type: "number", step: "0.1", min: "0", placeholder: "as the model has it" }],
  ["max_tokens", "Longest answer, tokens", { type: "number", step: "1", min: "1", placeholder: "no limit" }],
  ["reasoning_effort", "Reasoning", ["", "none", "minimal", "low", "medium", "high", "xhigh"]],
];
const SHOWN = 200;

function button(text, act, className = "") {
  const made = node("button", className, text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

function picture(shape, label, act) {
  const made = button("", act, "zenmux-icon");
  made.title = made.ariaLabel = label;
  made.append(icon(shape));
  return made;
}

// A text field under its name.
function field(label, made) {
  const root = node("label", "zenmux-field");
  root.append(node("span", "", label), made);
  return root;
}

function area(rows, placeholder) {
  const made = node("textarea");
  made.rows = rows;
  made.placeholder = placeholder;
  made.dir = "auto";
  return made;
}

// A model and its settings, apart: "a/b temperature=0" is ["a/b", "temperature=0"].
const parted = (text) => /^([^\s=]*)(?:\s+|$)([^]*)$/.exec(text)?.slice(1) ?? ["", text];

class Form {
  constructor(model, el) {
    this.model = model;
    this.root = node("div", "zenmux-panel");
    this.root.dataset.lmSuppressShortcuts = "true";
    this.build();
    el.append(this.root);
    this.watched = {
      "change:prompt": () => this.fill(this.prompt, "prompt"),
      "change:system": () => this.fill(this.system, "system"),
      "change:models": () => this.chips(),
      "change:state": () => this.state(),
      "change:catalogue": () => this.offer(),
    };
    for (const [name, act] of Object.entries(this.watched)) {
      model.on(name, act);
      act();
    }
    this.details.open = !!this.system.value;
  }

  close() {
    clearTimeout(this.saving);
    this.save();
    for (const [name, act] of Object.entries(this.watched)) this.model.off(name, act);
  }

  send(t, more = {}) {
    clearTimeout(this.saving);
    this.model.send({ t, prompt: this.prompt.value, system: this.system.value, ...more });
  }

  save() {
    this.model.set("prompt", this.prompt.value);
    this.model.set("system", this.system.value);
    this.model.save_changes();
  }

  build() {
    const mac = /Mac|iP/.test(navigator.platform);
    this.prompt = area(4, "Ask something. {{ expression }} stands for a value of your notebook.");
    this.system = area(2, "Be brief.");
    this.details = node("details");
    this.details.append(node("summary", "", "System prompt"), this.system);
    this.system.ariaLabel = "System prompt";
    for (const one of [this.prompt, this.system]) {
      one.addEventListener("input", () => {
        clearTimeout(this.saving);
        this.saving = setTimeout(() => this.save(), 300);
      });
      one.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        event.stopPropagation();
        if (!this.run.hidden) this.run.click();
      });
    }
    this.list = node("div", "zenmux-chips");
    this.list.setAttribute("role", "list");
    this.list.ariaLabel = "Models";
    this.drawer = node("div", "zenmux-drawer");
    this.drawer.hidden = true;
    this.drawer.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.shut();
    });
    this.run = button("Run", () => this.send("run"), "zenmux-go");
    this.run.append(node("span", "zenmux-keys", mac ? "⌘ ↵" : "Ctrl ↵"));
    this.run.lastChild.ariaHidden = "true";
    this.run.setAttribute("aria-keyshortcuts", mac ? "Meta+Enter" : "Control+Enter");
    this.stop = button("Stop all", () => this.send("stop"), "zenmux-stop");
    this.back = picture("back", "Earlier run", () => this.go(-1));
    this.forth = picture("forth", "Later run", () => this.go(1));
    this.where = node("span");
    this.where.setAttribute("role", "status");
    this.runs = node("span", "zenmux-runs");
    this.runs.append(this.back, this.where, this.forth);
    const reset = button("Reset", () => this.send("reset"));
    reset.title = "Begin anew; earlier runs stay";
    const row = node("div", "zenmux-row");
    row.append(this.run, this.stop, node("span", "zenmux-gap"), this.runs, reset);
    this.notice = node("div", "zenmux-error");
    this.notice.setAttribute("role", "alert");
    this.told = node("div", "zenmux-told");
    this.told.setAttribute("role", "status");
    const parts = [this.details, this.list, this.drawer, row, this.notice, this.told];
    this.root.append(field("Prompt", this.prompt), ...parts);
  }

  fill(where, name) {
    const text = this.model.get(name);
    if (where.value !== text) where.value = text;
  }

  go(step) {
    const { run, runs } = this.model.get("state");
    this.send("go", { run: run ? run - 1 + step : runs - 1 });
  }

  state() {
    const { running, run, runs, notice, told } = this.model.get("state");
    const focused = [this.run, this.stop].includes(document.activeElement);
    this.run.hidden = running;
    this.stop.hidden = !running;
    if (focused) (running ? this.stop : this.run).focus();
    this.runs.hidden = !runs;
    setText(this.where, run ? `Run ${run} of ${runs}` : `${runs} run${runs === 1 ? "" : "s"}`);
    this.back.disabled = run === 1;
    this.forth.disabled = !run || run === runs;
    setText(this.notice, notice ?? "");
    this.notice.hidden = !notice;
    setText(this.told, told ?? "");
    this.told.hidden = !told;
    this.chips();
  }

  // One chip a model: its settings, ask only it, take it out.
  chips() {
    const models = this.model.get("models");
    const { places = [], asked = [], runs, most } = this.model.get("state");
    const said = JSON.stringify([models, places, asked, runs]);
    if (said === this.said) return;
    this.said = said;
    const buttons = [...this.list.querySelectorAll("button")];
    const focus = document.activeElement === buttons.at(-1) ? Infinity : buttons.indexOf(document.activeElement);
    const chips = models.map((text, place) => {
      const [name, settings] = parted(text);
      const chip = node("span", "zenmux-chip");
      chip.setAttribute("role", "listitem");
      const label = button("", () => this.settings(place), "zenmux-name");
      label.append(node("b", "", name || "default model"), ...(settings ? [node("span", "", settings)] : []));
      label.title = "Settings of this model";
      chip.append(label);
      if (runs && !places.includes(place)) {
        const words = asked.includes(place) ? `Ask only ${name} again` : `Ask only ${name}`;
        chip.append(picture("retry", words, () => this.send("only", { place })));
      }
      chip.append(picture("away", `Take ${name} out`, () => this.send("remove", { place })));
      return chip;
    });
    const add = button("+ Add a model", () => this.pick());
    add.disabled = models.length >= most;
    this.list.replaceChildren(...chips, add);
    if (focus >= 0) (this.list.querySelectorAll("button")[focus] ?? add).focus();
    if (this.editing >= models.length) this.shut();
  }

  open(title, ...content) {
    const head = node("div", "zenmux-drawer-head");
    head.append(node("b", "", title), picture("away", "Close", () => this.shut()));
    this.drawer.replaceChildren(head, ...content);
    this.drawer.setAttribute("role", "group");
    this.drawer.ariaLabel = title;
    this.drawer.hidden = false;
  }

  shut() {
    const inside = this.drawer.contains(document.activeElement);
    this.drawer.hidden = true;
    this.drawer.replaceChildren();
    this.search = this.editing = undefined;
    if (inside) this.list.lastChild.focus();
  }

  // The settings of one model.
  settings(place) {
    const [name, text] = parted(this.model.get("models")[place]);
    let rest = text;
    const fields = SETTINGS.map(([key, label, kind]) => {
      const found = new RegExp(`(?:^|\\s)${key}=("[^"]*"|\\S+)`).exec(rest);
      if (found) rest = rest.replace(found[0], "");
      const made = node(Array.isArray(kind) ? "select" : "input");
      if (Array.isArray(kind)) {
        made.append(...kind.map((one) => Object.assign(node("option", "", one || "as the model has it"), { value: one })));
      } else Object.assign(made, kind);
      made.value = (found?.[1] ?? "").replaceAll('"', "");
      return [key, made, field(label, made)];
    });
    const other = Object.assign(node("input"), { type: "text", placeholder: 'seed=7 stop=["END"]', value: rest.trim() });
    const written = () =>
      [...fields.filter(([, made]) => made.value).map(([key, made]) => `${key}=${made.value}`), other.value.trim()]
        .filter(Boolean)
        .join(" ");
    const one = button("Apply", () => {
      this.send("change", { place, model: `${name} ${written()}`.trim() });
      this.shut();
    });
    const all = button("Apply to all", () => {
      this.send("all", { settings: written() });
      this.shut();
    });
    const row = node("div", "zenmux-row");
    row.append(one, all);
    const grid = node("div", "zenmux-fields");
    grid.append(...fields.map(([, , root]) => root), field("Other fields, KEY=JSON", other));
    grid.addEventListener("keydown", (event) => {
      if (event.key === "Enter") one.click();
    });
    this.open(`Settings of ${name || "the default model"}`, grid, row);
    this.editing = place;
    fields[0][1].focus();
  }

  // The picker: a search field over the catalogue; what is typed may be no model of it.
  pick() {
    this.search = Object.assign(node("input"), { type: "text", placeholder: "Search by name, or type VENDOR/NAME" });
    this.search.setAttribute("role", "combobox");
    this.search.setAttribute("aria-expanded", "true");
    this.search.ariaLabel = "Model";
    this.options = node("div", "zenmux-options");
    this.options.setAttribute("role", "listbox");
    this.options.ariaLabel = "Models";
    this.options.id = `zenmux-${Math.random().toString(36).slice(2)}`;
    this.search.setAttribute("aria-controls", this.options.id);
    this.search.addEventListener("input", () => this.offer());
    this.search.addEventListener("keydown", (event) => this.choose(event));
    this.heads = node("div", "zenmux-option zenmux-heads");
    this.heads.ariaHidden = "true";
    this.heads.append(...["", "in / M tokens", "out / M tokens", "context", ""].map((text) => node("span", "", text)));
    this.open("Add a model", this.search, this.heads, this.options);
    this.offer();
    this.search.focus();
    this.send("catalogue");
  }

  offer() {
    if (!this.search) return;
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const all = this.model.get("catalogue");
    const found = all.filter(([id]) => words.every((word) => id.toLowerCase().includes(word)));
    const typed = this.search.value.trim();
    const rows = found.slice(0, SHOWN);
    if (typed && !all.some(([id]) => id === typed)) rows.push([typed, "", "", "", "as typed"]);
    this.options.replaceChildren(
      ...rows.map((texts, at) => {
        const made = node("div", "zenmux-option");
        made.setAttribute("role", "option");
        made.id = `${this.options.id}-${at}`;
        made.append(...texts.map((text) => node("span", "", text)));
        made.addEventListener("click", () => this.take(texts[0]));
        return made;
      }),
    );
    this.heads.hidden = !found.length;
    if (!rows.length) this.options.append(node("div", "zenmux-empty", all.length ? "None fits." : "Asking for the list of models …"));
    this.mark(0);
  }

  mark(at) {
    const all = this.options.querySelectorAll(".zenmux-option");
    this.at = Math.max(0, Math.min(at, all.length - 1));
    all.forEach((one, place) => one.setAttribute("aria-selected", String(place === this.at)));
    all[this.at]?.scrollIntoView({ block: "nearest" });
    this.search.setAttribute("aria-activedescendant", all[this.at]?.id ?? "");
  }

  choose(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step) this.mark(this.at + step);
    else if (event.key === "Enter") this.options.querySelectorAll(".zenmux-option")[this.at]?.click();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  take(model) {
    this.send("add", { model });
    this.shut();
    this.list.lastChild.focus();
  }
}

export default {
  render({ model, el }) {
    const form = new Form(model, el);
    return () => form.close();
  },
};
