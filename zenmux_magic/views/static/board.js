// A board: draws what the kernel says, in as many columns as there are. See column.py for the wire.
// HTML in messages has been sanitised in the kernel; everything else goes in as text.

const ACK_MS = 250;

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

class Column {
  constructor(stop) {
    this.root = node("div", "zenmux-column");
    this.root.setAttribute("role", "group");
    this.line = new StatusLine(stop);
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
    this.root.append(this.line.root, this.thought, this.body, this.error);
  }

  status(status) {
    this.line.paint(status);
    this.root.ariaLabel = `Answer of ${status.model}`;
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
      if (event.key !== "Escape" || this.columns.every((one) => one.line.over)) return;
      event.stopPropagation();
      this.stop(null);
    });
    this.finish();
    if (!this.columns.length) model.send({ t: "ready", view: this.view });
    this.ticking = setInterval(() => this.tick(), 500);
  }

  close() {
    clearInterval(this.ticking);
    clearTimeout(this.acking);
    this.model.off("msg:custom", this.receive);
    this.model.off("change:final", this.finish);
  }

  stop(column) {
    this.model.send({ t: "stop", column });
  }

  tick() {
    for (const column of this.columns) if (!column.line.over) column.line.tick();
  }

  // All is over; for a page that has seen the whole, this is nothing new.
  finish() {
    const final = this.model.get("final");
    const seen = this.columns.length && this.columns.every((column) => column.line.over);
    if (final?.columns && !seen) this.show(final.columns);
  }

  show(columns) {
    this.columns = columns.map((state, place) => {
      const made = new Column(() => this.stop(place));
      made.show(state);
      return made;
    });
    this.root.dataset.columns = columns.length;
    this.root.replaceChildren(...this.columns.map((column) => column.root));
  }

  receive(message) {
    if (message.t === "snapshot" && message.view === this.view) this.show(message.columns);
    if (message.t !== "frame" || !this.columns.length) return;
    for (const [name, column, ...args] of message.ops) this.columns[column].apply(name, args);
    this.acknowledge(message.n);
  }

  acknowledge(frame) {
    this.frame = { frame, at: performance.now() };
    this.acking ??= setTimeout(() => {
      this.acking = undefined;
      const held_ms = Math.round(performance.now() - this.frame.at);
      this.model.send({ t: "ack", frame: this.frame.frame, held_ms });
    }, ACK_MS);
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
