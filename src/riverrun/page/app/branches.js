/** The tree of branches on the page: one row a branch, walked with the arrow keys. */

import { byId, make } from "./elements.js";

const LEAD = 24; // characters of what stood before
const SHOWN = 80; // characters of the branch itself

export class Branches {
  /**
   * @param {import("./versions.js").Versions} versions
   * @param {(id: number) => void} walk
   */
  constructor(versions, walk) {
    this.versions = versions;
    this.walk = walk;
    this.tree = byId("tree");
    this.tree.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.key(event));
    this.draw();
  }

  draw() {
    const rows = this.versions.rows();
    this.tree.replaceChildren(...rows.map(({ version, depth, from }) => this.row(version, depth, from)));
    if (!rows.length) this.tree.append(make("li", { role: "treeitem", class: "quiet", tabindex: 0, "aria-selected": "false" }, "Nothing yet: write something."));
    byId("undo").disabled = !this.versions.past.length;
    byId("redo").disabled = !this.versions.future.length;
  }

  /** @param {import("./versions.js").Version} version @param {number} depth @param {number} from */
  row(version, depth, from) {
    const here = version.id === this.versions.current;
    const lead = version.text.slice(Math.max(0, from - LEAD), from);
    const own = version.text.slice(from, from + SHOWN);
    const item = make(
      "li",
      { role: "treeitem", "aria-level": depth + 1, "aria-selected": here, tabindex: here ? 0 : -1, "data-id": version.id },
      make("span", { class: "quiet" }, from > LEAD ? `…${lead}` : lead), make("span", {}, own + (version.text.length > from + SHOWN ? "…" : "")),
    );
    item.style.setProperty("--depth", String(depth));
    item.addEventListener("click", () => this.walk(version.id));
    return item;
  }

  /** Go to the row before or after the current one. @param {number} step */
  step(step) {
    const rows = this.versions.rows();
    const to = rows[rows.findIndex(({ version }) => version.id === this.versions.current) + step];
    if (to) this.walk(to.version.id);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const items = [...this.tree.children];
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (event.altKey) return;
    if ((event.key === "Enter" || event.key === " ") && items[at]?.dataset.id) this.walk(Number(items[at].dataset.id));
    else if (to !== undefined && items[to]) items[to].focus();
    else return;
    event.preventDefault();
  }
}
