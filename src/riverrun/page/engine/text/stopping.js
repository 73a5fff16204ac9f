/** Stop strings in streamed text. */

/** Passes text on until a stop string appears; holds back an end that may be the beginning of one. */
export class StopScanner {
  /** @param {string[]} stops */
  constructor(stops) {
    this.stops = stops.filter((stop) => stop);
    this.held = "";
    this.stopped = false;
  }

  /**
   * Text that can be shown now; the stop string itself and all after it are dropped.
   * @param {string} text
   */
  push(text) {
    if (this.stopped) return "";
    this.held += text;
    const found = this.stops.map((stop) => this.held.indexOf(stop)).filter((place) => place >= 0);
    this.stopped = found.length > 0;
    return this.give(this.stopped ? Math.min(...found) : this.held.length - this.pending());
  }

  /** What was held back, when no more text comes. */
  flush() {
    return this.stopped ? "" : this.give(this.held.length);
  }

  /** Length of the longest end of the held text with which a stop string begins. */
  pending() {
    const longest = Math.max(0, ...this.stops.map((stop) => stop.length - 1));
    for (let length = Math.min(longest, this.held.length); length > 0; length--) {
      const tail = this.held.slice(-length);
      if (this.stops.some((stop) => stop.startsWith(tail))) return length;
    }
    return 0;
  }

  /** @param {number} count */
  give(count) {
    const given = this.held.slice(0, count);
    this.held = this.held.slice(count);
    return given;
  }
}
