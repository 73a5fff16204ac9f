/** Every text one left, as a tree: what each came from, and where it departs from that. */

/**
 * @typedef {object} Version
 * @property {number} id
 * @property {number | null} parent
 * @property {string} text
 * @property {number} caret
 */

const MOST = 500; // versions kept

export class Versions {
  constructor() {
    /** @type {Version[]} */
    this.all = [{ id: 0, parent: null, text: "", caret: 0 }];
    this.current = 0;
    /** @type {number[]} ids one came along, for undo */
    this.past = [];
    /** @type {number[]} */
    this.future = [];
    this.next = 1;
  }

  get now() {
    return this.get(this.current);
  }

  /** @param {number} id @returns {Version} */
  get(id) {
    const found = this.all.find((each) => each.id === id);
    if (!found) throw new Error(`there is no version ${id}`);
    return found;
  }

  /**
   * A text now stands on the page; it comes from the current version.
   * @param {string} text
   * @param {number} caret
   * @returns {boolean} whether it is a new version
   */
  commit(text, caret) {
    if (text === this.now.text) {
      this.now.caret = caret;
      return false;
    }
    const known = this.all.find((each) => each.text === text);
    this.past.push(this.current);
    this.future = [];
    if (known) {
      known.caret = caret;
      this.current = known.id;
      return true;
    }
    const parent = this.ancestor(text);
    this.all.push({ id: this.next, parent: parent.id, text, caret });
    this.current = this.next++;
    this.prune();
    return true;
  }

  /** The latest version on the current one's line that a text continues. @param {string} text */
  ancestor(text) {
    let each = this.now;
    while (each.parent !== null && !text.startsWith(each.text)) each = this.get(each.parent);
    return each;
  }

  /** Go to a version of the tree. @param {number} id */
  walk(id) {
    if (id === this.current) return;
    this.past.push(this.current);
    this.future = [];
    this.current = id;
  }

  /** @returns {Version | null} */
  undo() {
    return this.follow(this.past, this.future);
  }

  /** @returns {Version | null} */
  redo() {
    return this.follow(this.future, this.past);
  }

  /** Go to the latest of some versions; the way back leads here. @param {number[]} way @param {number[]} back */
  follow(way, back) {
    const id = way.pop();
    if (id === undefined) return null;
    back.push(this.current);
    this.current = id;
    return this.now;
  }

  /** @param {number} id @returns {Version[]} */
  children(id) {
    return this.all.filter((each) => each.parent === id);
  }

  /**
   * What the tree shows: leaves, places where it branches, and the current version; `from` is where the text departs
   * from the row it hangs on and from the rows beside it.
   * @returns {{version: Version, depth: number, from: number}[]}
   */
  rows() {
    /** @type {{version: Version, depth: number, from: number, above: number}[]} */
    const rows = [];
    const stack = [{ version: this.get(0), depth: 0, above: 0 }];
    while (stack.length) {
      const { version, depth, above } = /** @type {{version: Version, depth: number, above: number}} */ (stack.pop());
      const children = this.children(version.id);
      const shown = version.id !== 0 && (children.length !== 1 || version.id === this.current);
      if (shown) rows.push({ version, depth, from: this.get(above).text.length, above });
      for (const child of children.reverse()) stack.push({ version: child, depth: shown ? depth + 1 : depth, above: shown ? version.id : above });
    }
    for (const row of rows) {
      const beside = rows.filter((each) => each !== row && each.above === row.above);
      row.from = Math.max(row.from, ...beside.map(({ version }) => shared(version.text, row.version.text)));
    }
    return rows;
  }

  /** Drop the oldest leaves where there are too many. */
  prune() {
    while (this.all.length > MOST) {
      const leaf = this.all.find((each) => each.id !== this.current && each.id !== 0 && !this.children(each.id).length);
      if (!leaf) return;
      this.all = this.all.filter((each) => each !== leaf);
      this.past = this.past.filter((id) => id !== leaf.id);
      this.future = this.future.filter((id) => id !== leaf.id);
    }
  }
}

/** How many leading characters two texts have in common. @param {string} a @param {string} b */
function shared(a, b) {
  const most = Math.min(a.length, b.length);
  let k = 0;
  while (k < most && a.charCodeAt(k) === b.charCodeAt(k)) k++;
  return k;
}
