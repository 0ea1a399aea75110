// Watches the page and dresses settled answers: the line above with its figures, copy buttons, focus.
// None of it reaches the notebook's model, so none of it is saved. What an answer's Markdown and
// times are is read from the notebook that the page holds; the kernel need not be asked.

// The text of an answer without its formulas, which the page may have typeset meanwhile.
function wording(answer) {
  const copy = answer.cloneNode(true);
  for (const one of copy.querySelectorAll("mjx-container, .zenmux-status, .zenmux-times, button")) one.remove();
  for (const one of copy.querySelectorAll("span")) {
    if (/^\s*(\$|\\[([])/.test(one.textContent) || !one.textContent) one.remove();
  }
  for (const one of copy.querySelectorAll("details > summary")) one.remove();
  return copy.textContent.replace(/\s+/g, "");
}

function phaseOf(ending) {
  if (!ending) return "done";
  if (ending.startsWith("cut")) return "cut";
  return ending === "stopped" || ending === "interrupted" ? "stopped" : "failed";
}

// The footer that is in the file, and the times that are in its metadata, as a status.
function statusOf(footer, times, text) {
  const words = footer.split(" · ");
  const [, model, asked] = words[0].match(/^(.*?)(?: \(asked: (.*)\))?$/s);
  const counts = words.slice(1).filter((word) => /^≈|\d tokens?$|^price unknown$/.test(word));
  const ending = words.slice(1).find((word) => !counts.includes(word)) ?? "";
  const { ttft_s, ttfa_s, duration_s, usage } = times;
  const figures = ttfa_s == null ? counts : [`first token ${time(ttfa_s, true)}`, ...counts];
  const tokens = Number.parseInt((counts[0] ?? "").replace(/\D/g, ""), 10);
  if (tokens && duration_s > ttft_s) {
    figures.push(`${Math.round(tokens / (duration_s - ttft_s)).toLocaleString("en")} tokens/s`);
  }
  return {
    phase: phaseOf(ending),
    label: ending || "done",
    model: asked ?? model,
    served: asked ? model : "",
    clock_s: duration_s,
    figures,
    text,
  };
}

function speedOf({ usage, ttft_s, duration_s }) {
  const { prompt_tokens, completion_tokens, total_tokens } = usage ?? {};
  if (completion_tokens == null || !(duration_s > ttft_s)) return undefined;
  return Math.max(completion_tokens, (total_tokens ?? 0) - (prompt_tokens ?? 0)) / (duration_s - ttft_s);
}

class Keeper {
  constructor(model) {
    this.model = model;
    this.manager = model.widget_manager;
    this.painters = new WeakMap(); // of status lines, by answer: one that was run again may go
    model.on("change:kept", () => {
      for (const answer of document.querySelectorAll(".zenmux-dressed")) this.painters.get(answer)?.();
    });
    this.search(document.body);
    this.observer = new MutationObserver((records) => {
      for (const { addedNodes } of records) {
        for (const added of addedNodes) if (added.nodeType === Node.ELEMENT_NODE) this.search(added);
      }
    });
    this.observer.observe(document.body, { childList: true, subtree: true });
  }

  close() {
    this.observer.disconnect();
  }

  search(root) {
    if (root.matches(".zenmux-settled")) this.dress(root);
    for (const answer of root.querySelectorAll(".zenmux-settled")) this.dress(answer);
  }

  dress(answer) {
    if (answer.classList.contains("zenmux-dressed")) return;
    dressCode(answer);
    for (const box of answer.querySelectorAll(".zenmux-code pre, .zenmux-table, .zenmux-math")) {
      box.tabIndex = 0;
    }
    const found = this.record(answer);
    const table = answer.querySelector(":scope > div > .zenmux-columns");
    if (table) return found && this.compare(answer, table, found);
    if (found) return this.head(answer, found.metadata.zenmux, found.data["text/plain"], found.cell);
    // It may belong to another notebook in this page, whose keeper knows it better.
    setTimeout(() => {
      if (!answer.isConnected || answer.classList.contains("zenmux-dressed")) return;
      this.head(answer, {}, answer.innerText);
    }, 500);
  }

  head(answer, times, text, cell) {
    const footer = answer.querySelector(":scope > .zenmux-footer");
    if (!footer) return;
    const line = new StatusLine();
    const paint = () => {
      const status = statusOf(footer.textContent, times, text);
      if (this.model.get("kept").includes(cell)) status.label = "kept, nothing paid";
      line.paint(status);
    };
    paint();
    if (cell) this.painters.set(answer, paint);
    line.phase.removeAttribute("role"); // nothing happens here any more
    answer.prepend(line.root);
    answer.classList.add("zenmux-dressed");
    this.thought(answer, times);
  }

  // How long the model thought.
  thought(answer, { ttft_s, ttfa_s }) {
    const summary = answer.querySelector(":scope > details > summary");
    if (!summary || !(ttfa_s > ttft_s)) return;
    const took = time(ttfa_s - ttft_s, true);
    summary.textContent = summary.textContent.replace(/^thought ·/, `thought for ${took} ·`);
  }

  // A comparison: a copy button for each answer, and the times, which the file has in its metadata.
  compare(answer, table, { metadata, data }) {
    answer.classList.add("zenmux-dressed");
    // Heads, answers and figures, and the same again where there is no room for all beside each other.
    const cells = [[], [], []];
    [...table.rows].forEach((row, at) => cells[at % 3].push(...row.cells));
    const [heads, answers, figures] = cells;
    const columns = metadata.zenmux.columns;
    const rows = columns.map((one) => {
      const speed = speedOf(one);
      return [
        [one.ttfa_s, one.ttfa_s == null ? "" : `first token ${time(one.ttfa_s, true)}`],
        [speed, speed == null ? "" : `${Math.round(speed).toLocaleString("en")} tokens/s`],
      ];
    });
    const sound = rows.filter((_, place) => !["stopped", null, undefined].includes(columns[place].finish_reason));
    const best = [Math.min, Math.max].map((pick, row) => {
      const rated = sound.map((one) => one[row]).filter(([value]) => value != null);
      if (new Set(rated.map(([, words]) => words)).size < 2) return undefined;
      const top = pick(...rated.map(([value]) => value));
      return rated.find(([value]) => value === top)[1]; // what reads the same is as good
    });
    columns.forEach((one, place) => {
      const line = node("span", "zenmux-status");
      const text = data["text/plain"].slice(...one.answer);
      if (one.duration_s != null) line.append(node("span", "", time(one.duration_s, true)));
      if (text) line.append(copyButton("Copy", () => text));
      if (line.firstChild) heads[place].append(line);
      this.thought(answers[place].firstElementChild, one);
      const said = node("span", "zenmux-times");
      rows[place].forEach(([, words], row) => {
        if (!words) return;
        const figure = node("span", "", words);
        if (words === best[row]) figure.append(node("span", "zenmux-best", "best"));
        said.append(said.firstChild ? " · " : "", figure);
      });
      if (said.firstChild && figures[place].textContent) said.append(" · ");
      figures[place].prepend(said);
    });
  }

  // The output in the notebook's model that an element of the page shows.
  record(answer) {
    const cells = this.manager?.context?.model?.cells;
    if (!cells) return undefined;
    const wanted = wording(answer);
    const place = answer.closest("[data-windowed-list-index]")?.dataset.windowedListIndex;
    const near = place === undefined ? [...cells] : [cells.get(Number(place))];
    for (const cell of near) {
      const outputs = cell?.outputs;
      for (let at = 0; at < (outputs?.length ?? 0); at++) {
        const output = outputs.get(at);
        if (!output.metadata?.zenmux || typeof output.data["text/html"] !== "string") continue;
        const parsed = new DOMParser().parseFromString(output.data["text/html"], "text/html");
        const saved = parsed.querySelector(".zenmux-settled");
        if (saved && wording(saved) === wanted) return { metadata: output.metadata, data: output.data, cell: cell.id };
      }
    }
    return undefined;
  }
}

export default {
  initialize({ model }) {
    const keeper = new Keeper(model);
    // After a restart another kernel's keeper sees to what comes; what is dressed stays usable.
    model.on("comm_live_update", () => model.comm_live || keeper.close());
    return () => keeper.close();
  },
};
