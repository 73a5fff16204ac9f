/** The page begins here: which model, the engine, and the part of the page that fits the model. */

import { aboutFacts, headline } from "./facts.js";
import { startEngine, models } from "./source.js";
import { byId, make } from "./elements.js";
import { Language } from "./language.js";
import { Translation } from "./translation.js";

const THEMES = ["auto", "light", "dark"];

async function begin() {
  theme();
  help();
  tabs();
  byId("keys-button").addEventListener("click", () => byId("keys").showModal());
  try {
    const known = await models();
    const name = new URLSearchParams(location.search).get("model");
    const chosen = known.find((each) => each.name === name) ?? known[0];
    chooser(known, chosen);
    await open(chosen);
  } catch (error) {
    byId("trouble").textContent = /** @type {Error} */ (error).message;
    byId("trouble").hidden = false;
  }
  byId("loading").hidden = true;
  document.documentElement.dataset.ready = "yes";
}

/** @param {import("./source.js").Model} model */
async function open(model) {
  const { engine, about } = await startEngine(model);
  document.title = `${about.name} · riverrun`;
  byId("facts").textContent = headline(about, model);
  for (const room of [byId("about-facts"), byId("translator-facts")]) room.replaceChildren(...aboutFacts(about, model));
  byId("notes").textContent = about.notes.join(" ");
  byId("notes").hidden = !about.notes.length;
  const part = about.kind === "language" ? new Language(engine, about) : new Translation(engine, about);
  await part.open();
}

/** @param {import("./source.js").Model[]} known @param {import("./source.js").Model} chosen */
function chooser(known, chosen) {
  const select = byId("model");
  select.append(...known.map(({ name }) => make("option", { value: name, selected: name === chosen.name }, name)));
  select.parentElement.hidden = known.length < 2;
  select.addEventListener("change", () => {
    location.href = `${location.pathname}?${new URLSearchParams({ model: select.value })}`;
  });
}

function theme() {
  const button = byId("theme");
  let chosen = recall("riverrun-theme");
  const show = () => {
    const shown = THEMES.includes(chosen) ? chosen : "auto";
    document.documentElement.dataset.theme = shown;
    button.textContent = { auto: "Auto", light: "Light", dark: "Dark" }[/** @type {"auto"} */ (shown)];
    button.setAttribute("aria-label", `Theme: ${button.textContent}`);
  };
  button.addEventListener("click", () => {
    chosen = THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length];
    keep("riverrun-theme", chosen);
    show();
  });
  show();
}

/** @param {string} name */
function recall(name) {
  try {
    return localStorage.getItem(name) ?? "auto";
  } catch {
    return "auto"; // pages from the disk may have no storage
  }
}

/** @param {string} name @param {string} value */
function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // then it holds until the page is closed
  }
}

/** The sentence of the control under the pointer or the focus, in one place; screen readers have it as a description. */
function help() {
  const line = byId("help");
  const say = (/** @type {Event} */ event) => {
    const control = /** @type {HTMLElement | null} */ (event.target instanceof Element ? event.target.closest("[data-about]") : null);
    line.textContent = control?.dataset.about ?? "";
  };
  for (const kind of ["pointerover", "focusin"]) document.addEventListener(kind, say);
  for (const control of /** @type {any} */ (document.querySelectorAll("button[data-about], input[data-about], select[data-about]"))) {
    if (!control.hasAttribute("aria-describedby")) control.setAttribute("aria-description", control.dataset.about);
  }
}

function tabs() {
  const all = [...byId("tabs").children];
  const choose = (/** @type {any} */ tab) => {
    for (const each of all) {
      each.setAttribute("aria-selected", String(each === tab));
      each.tabIndex = each === tab ? 0 : -1;
      byId(each.getAttribute("aria-controls")).hidden = each !== tab;
    }
    dispatchEvent(new CustomEvent("drawer", { detail: tab.getAttribute("aria-controls") }));
  };
  for (const tab of all) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const shown = all.filter((each) => !each.hidden);
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const to = shown[(shown.indexOf(tab) + step + shown.length) % shown.length];
      choose(to);
      to.focus();
    });
  }
}

begin();
