// A board: draws what the kernel says, in as many columns as there are. See column.py for the wire.
// HTML in messages has been sanitised in the kernel; everything else goes in as text.

// A growing text: finished nodes, then the end that may still change. How its HTML joins what
// is there already is told in markdown/incremental.py.
class Part {
  constructor(root) {
    this.root = root;
    this.reset();
  }

  reset() {
    this.html = "";
    this.live = [];
    this.root.replaceChildren();
  }

  add(html, join, dress) {
    const { content } = Object.assign(node("template"), { innerHTML: html });
    dress?.(content);
    const added = [];
    if (join) {
      let from = content.firstElementChild;
      let into = this.root.lastElementChild;
      for (let depth = 1; depth < join; depth++) {
        from = from.firstElementChild;
        into = into.lastElementChild;
      }
      added.push(...from.childNodes);
      into.append(...from.childNodes);
      content.firstElementChild.remove();
    }
    added.push(...content.childNodes);
    this.root.append(content);
    return added;
  }

  clear() {
    for (const one of this.live) one.remove();
    this.live = [];
  }

  commit(join, html) {
    this.clear();
    this.add(html, join, dressCode);
  }

  grow(join, keep, html) {
    this.clear();
    this.html = this.html.slice(0, keep) + html;
    this.live = this.add(this.html, join);
  }

  append(text) {
    let last = this.live.at(-1);
    while (last.lastChild) last = last.lastChild;
    if (last.nodeType === Node.TEXT_NODE) last.appendData(text);
    else last.append(text);
  }

  show({ commit, live, join }) {
    this.reset();
    this.commit(0, commit);
    this.grow(join, 0, live);
  }
}

const REPLACED_MS = 5000; // static output takes a board's place long before
const METRICS = ["first token", "speed", "tokens", "cost"];
const BEST = [Math.min, Math.max, undefined, Math.min];

// A button that shows a picture and says a word.
function iconButton(shape, label, act) {
  const made = node("button", "zenmux-icon");
  made.type = "button";
  made.title = made.ariaLabel = label;
  made.append(icon(shape));
  made.addEventListener("click", act);
  return made;
}

class Column {
  constructor(board, place, several) {
    this.root = node("div", "zenmux-column");
    this.root.setAttribute("role", "group");
    this.line = new StatusLine(() => board.send("stop", place));
    this.thought = node("details", "zenmux-reasoning");
    this.summary = node("summary", "", "thinking");
    this.window = node("div", "zenmux-thoughts jp-RenderedHTMLCommon");
    this.thought.append(this.summary, this.window);
    this.thought.hidden = true;
    // The reader's own choice holds: what was opened or closed by hand stays so.
    this.summary.addEventListener("click", () => (this.chosen = true));
    this.summary.dataset.lmSuppressShortcuts = "true";
    this.body = node("div", "zenmux-body jp-RenderedHTMLCommon");
    this.error = node("div", "zenmux-error");
    this.error.hidden = true;
    this.parts = [new Part(this.body), new Part(this.window)];
    this.scroller = node("div", "zenmux-scroll");
    this.scroller.append(this.thought, this.body, this.error);
    this.root.append(this.line.root, this.scroller);
    if (several) this.compare(board, place);
  }

  // What a column among others has besides: its own buttons, its own scroll bar, rows of figures.
  compare(board, place) {
    this.scroller.tabIndex = 0;
    this.scroller.addEventListener("scroll", () => board.follow(this), { passive: true });
    this.again = iconButton("retry", "Ask again", () => board.send("retry", place));
    this.wide = iconButton("expand", "Show this answer alone", () => board.expand(place));
    const away = iconButton("hide", "Hide this answer", () => board.hide(place, true));
    this.line.root.append(node("span", "zenmux-tools"));
    this.line.root.lastChild.append(this.again, this.wide, away);
    this.line.root.lastChild.dataset.lmSuppressShortcuts = "true";
    this.metrics = node("dl", "zenmux-metrics");
    this.cells = METRICS.map((name) => {
      const cell = node("dd");
      this.metrics.append(node("dt", "", name), cell);
      return cell;
    });
    this.root.append(this.metrics);
  }

  get name() {
    return [this.line.status.model, this.line.status.settings].filter(Boolean).join(" ");
  }

  // `best` tells, for each row, whether this column's value is the best of all.
  measure(best = []) {
    const metrics = this.line.status.metrics ?? [];
    this.cells?.forEach((cell, row) => {
      const text = metrics[row] || "—";
      if (cell.dataset.said === text + best[row]) return;
      cell.dataset.said = text + best[row];
      cell.replaceChildren(text, ...(best[row] ? [node("span", "zenmux-best", "best")] : []));
    });
  }

  status(status) {
    this.line.paint(status);
    this.gone = status.phase === "removed";
    this.root.hidden ||= this.gone;
    this.root.ariaLabel = `Answer of ${this.name}`;
    this.measure();
    this.body.setAttribute("aria-busy", String(!this.line.over));
    this.root.dataset.phase = status.phase;
    const thinking = status.phase === "thinking";
    if (thinking || status.thought) this.thought.hidden = false;
    if (!this.chosen) this.thought.open = thinking;
    setText(this.summary, status.thought || "thinking");
    this.error.hidden = !status.error;
    setText(this.error, status.error ?? "");
  }

  show({ status, parts }) {
    parts.forEach((part, place) => this.parts[place].show(part));
    this.status(status);
  }

  apply(name, args) {
    if (name === "status") return this.status(args[0]);
    if (name === "restart") {
      this.chosen = false;
      this.thought.hidden = true;
      this.thought.open = false;
      return this.parts.forEach((part) => part.reset());
    }
    const [place, ...rest] = args;
    const part = this.parts[place];
    // The window on the thoughts follows them, until the reader scrolls up in it.
    const { scrollTop, scrollHeight, clientHeight } = place ? this.window : {};
    if (name === "reset") part.reset();
    else if (name === "commit") part.commit(...rest);
    else if (name === "live") part.grow(...rest);
    else if (name === "append") part.append(...rest);
    if (place && scrollTop + clientHeight >= scrollHeight - 4) this.window.scrollTop = 1e9;
  }
}

class Board {
  constructor(model, el) {
    this.model = model;
    this.view = Math.random().toString(36).slice(2);
    this.root = node("div", "zenmux-board");
    this.columns = [];
    el.append(this.root);
    this.receive = this.receive.bind(this);
    this.finish = this.finish.bind(this);
    model.on("msg:custom", this.receive);
    model.on("change:final", this.finish);
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      const alone = this.root.dataset.alone !== undefined;
      if (!alone && this.over) return;
      event.stopPropagation();
      if (alone) this.expand();
      else this.send("stop", null);
    });
    this.finish();
    model.send({ t: this.columns.length ? "here" : "ready", view: this.view });
    this.ticking = setInterval(() => this.tick(), 500);
  }

  close() {
    clearInterval(this.ticking);
    this.model.off("msg:custom", this.receive);
    this.model.off("change:final", this.finish);
    this.model.send({ t: "gone", view: this.view });
  }

  send(t, column) {
    this.model.send({ t, column });
  }

  get over() {
    return this.columns.every((column) => column.line.over);
  }

  // The columns that have not been taken away.
  get present() {
    return this.columns.filter((column) => !column.gone);
  }

  // One answer alone; the same again, or none: all of them.
  expand(place) {
    const alone = place !== undefined && this.root.dataset.alone !== String(place);
    if (alone) this.root.dataset.alone = place;
    else delete this.root.dataset.alone;
    this.columns.forEach((column, other) => {
      column.root.hidden = column.gone || (alone ? other !== place : column.away === true);
      column.wide.ariaPressed = String(alone && other === place);
    });
    this.columns[place]?.wide.focus();
  }

  hide(place, away) {
    this.columns[place].away = away;
    this.expand();
    this.tools();
    const next = away ? this.bar.lastChild : this.columns[place].wide;
    next?.focus();
  }

  // Scroll in step: as far along in each, though they are of unlike lengths.
  follow(leader) {
    if (!this.inStep || this.led === leader.scroller) return (this.led = undefined);
    const { scrollTop, scrollHeight, clientHeight } = leader.scroller;
    const share = scrollTop / Math.max(1, scrollHeight - clientHeight);
    for (const { scroller } of this.columns) {
      if (scroller !== leader.scroller) scroller.scrollTop = share * (scroller.scrollHeight - scroller.clientHeight);
    }
  }

  // The bar above several columns.
  tools() {
    const step = node("button", "", "Scroll in step");
    step.ariaPressed = String(!!this.inStep);
    step.addEventListener("click", () => {
      this.inStep = !this.inStep;
      step.ariaPressed = String(this.inStep);
    });
    const back = this.columns.flatMap((column, place) => {
      if (!column.away || column.gone) return [];
      const button = node("button", "", `Show ${column.name}`);
      button.addEventListener("click", () => this.hide(place, false));
      return [button];
    });
    step.hidden = this.present.length < 2;
    for (const button of [step, ...back]) button.type = "button";
    this.bar.replaceChildren(step, ...back);
  }

  // What is best of each row is said once all have ended; what may be asked again, while one runs.
  judge() {
    if (!this.several) return;
    const over = this.over;
    const sound = this.present.filter(({ line }) => ["done", "cut"].includes(line.status.phase));
    this.columns.forEach((column) => {
      column.again.hidden = !column.line.over || (!this.stays && (over || !column.line.status.retry));
      column.measure(
        BEST.map((best, row) => {
          const at = row === 3 ? 2 : row;
          const rated = sound.filter(({ line }) => line.status.values?.[at] != null);
          if (!over || !best || !rated.includes(column)) return false;
          const top = best(...rated.map(({ line }) => line.status.values[at]));
          const said = ({ line }) => line.status.metrics[row]; // what reads the same is as good
          const first = rated.find(({ line }) => line.status.values[at] === top);
          return said(column) === said(first) && new Set(rated.map(said)).size > 1;
        }),
      );
    });
  }

  tick() {
    for (const column of this.columns) if (!column.line.over) column.line.tick();
    if (!this.columns.length || this.stays || !this.over) this.overSince = undefined;
    else if (performance.now() - (this.overSince ??= performance.now()) > REPLACED_MS) this.admit();
  }

  // A page that was loaded anew in the middle is not told of the static output, and cannot save it.
  admit() {
    if (this.root.lastChild.className === "zenmux-unsaved") return;
    const note = node(
      "p",
      "zenmux-unsaved",
      "Not in the notebook file: this page was loaded while the answer came. To save it, run the cell again or ",
    );
    note.setAttribute("role", "note");
    note.append(node("code", "", "%zenmux history restore"), ".");
    this.root.append(note);
  }

  // All is over; for a page that has seen the whole, this is nothing new.
  finish() {
    const final = this.model.get("final");
    const seen = this.columns.length && this.columns.every((column) => column.line.over);
    if (final?.columns && !seen) this.show(final.columns);
  }

  show(columns) {
    this.stays = this.model.get("stays");
    this.several = this.stays || columns.length > 1;
    this.columns = [];
    this.grid = node("div", this.several ? "zenmux-grid" : "");
    this.bar = node("div", "zenmux-bar");
    this.bar.dataset.lmSuppressShortcuts = "true";
    for (const state of columns) this.add(state);
    this.root.replaceChildren(...(this.several ? [this.bar, this.grid] : [this.columns[0].root]));
    delete this.root.dataset.columns;
    this.changed();
  }

  add(state) {
    const made = new Column(this, this.columns.length, this.several);
    made.show(state);
    this.columns.push(made);
    this.grid.append(made.root);
  }

  // How many there are, or what they do, is another than before.
  changed() {
    const count = this.present.length;
    if (this.root.dataset.columns !== String(count)) {
      this.root.dataset.columns = count;
      this.tools();
    }
    this.judge();
  }

  receive(message) {
    if (message.t === "snapshot" && message.view === this.view) this.show(message.columns);
    if (message.t !== "frame" || !this.columns.length) return;
    for (const [name, column, ...args] of message.ops) {
      if (name === "add") this.add(args[0]);
      else this.columns[column].apply(name, args);
    }
    if (message.ops.some(([name]) => ["add", "status", "restart"].includes(name))) this.changed();
    if (message.ask) this.model.send({ t: "ack", frame: message.n });
  }
}

export default {
  initialize({ model }) {
    model.send({ t: "hello" });
  },
  render({ model, el }) {
    const board = new Board(model, el);
    return () => board.close();
  },
};
