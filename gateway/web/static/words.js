// The catalogue, loaded once at the start; a key that is missing shows itself.

const loaded = await Promise.all(["en", "zh"].map(async (name) => {
  const answer = await fetch(`/static/words.${name}.json`);
  return [name, await answer.json()];
}));
const CATALOGUES = Object.fromEntries(loaded);

let chosen = remembered() || (navigator.language.startsWith("zh") ? "zh" : "en");
document.documentElement.lang = chosen;

function remembered() {
  const held = localStorage.getItem("lang");
  return held in CATALOGUES ? held : "";
}

export const language = () => chosen;

export function switchLanguage() {
  chosen = chosen === "en" ? "zh" : "en";
  localStorage.setItem("lang", chosen);
  document.documentElement.lang = chosen;
}

export const has = (key) => key in CATALOGUES[chosen];

// The sentence as it stands in the catalogue, facts still in braces.
export const template = (key) => CATALOGUES[chosen][key] ?? key;

// {name} is a fact, {count|carton|cartons} the word that goes with a count.
export function t(key, facts = {}) {
  return template(key).replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name, one, more) => {
    const fact = facts[name];
    if (fact === undefined) return whole;
    return one === undefined ? String(fact) : Number(fact) === 1 ? one : more;
  });
}

// The word of a value that the ledger writes: a state, a status, a zone; else the value itself.
export function word(kind, value) {
  if (value === null || value === undefined || value === "") return "–";
  const key = `${kind}.${value}`;
  return has(key) ? t(key) : String(value);
}
