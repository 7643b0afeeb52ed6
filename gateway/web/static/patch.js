// Change only what differs: focus, selection, open <details> and typed text outlive an update.
// An element with data-keep belongs to a script; an id or data-key names an element among others.

export function patch(target, markup) {
  const fresh = document.createElement("template");
  fresh.innerHTML = markup.text; // Made by html``, which escapes: no data gets here unescaped.
  const focused = document.activeElement;
  children(target, fresh.content);
  if (focused && focused !== document.activeElement && focused.isConnected) {
    focused.focus({preventScroll: true});
  }
}

const keyOf = (node) => node.id || node.dataset?.key || "";

function children(held, fresh) {
  const wanted = new Set([...fresh.childNodes].map(keyOf).filter(Boolean));
  let at = held.firstChild;
  for (const want of [...fresh.childNodes]) {
    at = skip(at, want, wanted);
    if (at && isSame(at, want)) {
      bring(at, want);
      at = at.nextSibling;
      continue;
    }
    const elsewhere = keyOf(want) && find(at, want);
    held.insertBefore(elsewhere || want, at);
    if (elsewhere) bring(elsewhere, want);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

// Drop what is here and wanted nowhere, so that what follows need not move (a move loses focus).
function skip(at, want, wanted) {
  while (at && keyOf(at) && !wanted.has(keyOf(at)) && !isSame(at, want)) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
  return at;
}

function find(at, want) {
  for (let one = at; one; one = one.nextSibling) if (isSame(one, want)) return one;
  return null;
}

const isSame = (held, want) => held.nodeName === want.nodeName && keyOf(held) === keyOf(want);

function bring(held, want) {
  if (held.nodeType !== Node.ELEMENT_NODE) {
    if (held.data !== want.data && !isSelected(held)) held.data = want.data;
    return;
  }
  if (held.dataset?.keep !== undefined) return;
  for (const one of [...held.attributes]) {
    if (!want.hasAttribute(one.name) && one.name !== "open") held.removeAttribute(one.name);
  }
  for (const one of [...want.attributes]) {
    if (held.getAttribute(one.name) !== one.value && one.name !== "open") {
      held.setAttribute(one.name, one.value);
    }
  }
  children(held, want);
}

export function isSelected(node) {
  const chosen = getSelection();
  return chosen && !chosen.isCollapsed && (chosen.anchorNode === node || chosen.focusNode === node);
}
