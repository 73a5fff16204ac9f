/** Errors a user can meet; the message is one sentence. */

/** Something given cannot be used: a prompt, a setting. */
export class InputError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "InputError";
  }
}

/** A model's files are damaged, incomplete, foreign or of a newer format. */
export class ModelError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "ModelError";
  }
}
