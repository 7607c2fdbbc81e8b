// What Blazor cannot do by itself. Functions are called from C# by the name portal.*.
import { begin } from './presses.js';

window.portal = {
  // What came with this document's policy. A page that is merged into it (enhanced navigation) brings another attribute, and no other
  // policy.
  storage: (document.documentElement.dataset.storage ?? '').split(' ').filter(Boolean),
  isDark: () => getComputedStyle(document.documentElement).getPropertyValue('--dark').trim() === '1',
  // Whether it could. The clipboard is closed to pages without TLS; there the old way, by a selection, is left.
  copy: async text => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const focused = document.activeElement, field = document.createElement('textarea');
      field.value = text;
      field.className = 'visually-hidden';
      (focused?.closest('[role=dialog]') ?? document.body).append(field);
      field.select();
      const done = document.execCommand('copy');
      field.remove();
      focused?.focus();
      return done;
    }
  },
  download: (name, text) => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'application/octet-stream' }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  },
  // The session has ended: away from here, unless this tab is on its way because of that.
  leave: target => { if (!window.portal.leaving) location.assign(target); },
  // Called by the layout's first interactive render: from now on clicks are heard.
  ready: presses => {
    document.documentElement.removeAttribute('data-connecting');
    begin(presses);
  },
};

// The policy takes a style element with this page's nonce only. The terminal and the framework's sign of a lost connection make theirs by
// script, and know of no nonce.
const nonce = document.querySelector('script[nonce]').nonce, create = Document.prototype.createElement;
Document.prototype.createElement = function (name, ...rest) {
  const element = create.call(this, name, ...rest);
  if (element instanceof HTMLStyleElement) element.nonce = nonce;
  return element;
};

// The navigation of a narrow screen, with a circuit or without.
document.addEventListener('click', event => {
  const button = event.target.closest('.menu-button');
  const open = button ? !document.documentElement.classList.contains('menu-open') : false;
  if (button || !event.target.closest('.sidebar') || event.target.closest('.sidebar a')) {
    document.documentElement.classList.toggle('menu-open', open);
    document.querySelector('.menu-button')?.setAttribute('aria-expanded', String(open));
  }
});

document.addEventListener('submit', event => {
  window.portal.leaving = event.target.getAttribute('action') === '/sign-out';
  // What was being written is not the next one's who signs in here.
  if (window.portal.leaving) sessionStorage.clear();
});
addEventListener('pageshow', () => { window.portal.leaving = false; });

// Menus close by a click elsewhere, on one of their items that can be chosen, and by Escape; the last two give the focus back to their
// button, where a dialog that the item opens returns it.
document.addEventListener('click', event => {
  const item = event.target.closest('.menu-items button');
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    const chosen = menu.contains(item) && item.getAttribute('aria-disabled') !== 'true';
    if (menu.contains(event.target) && !chosen) continue;
    menu.open = false;
    if (chosen) menu.querySelector('summary').focus();
  }
});
document.addEventListener('keydown', event => {
  const menu = event.key === 'Escape' && document.querySelector('details.menu[open]');
  if (menu) {
    menu.open = false;
    menu.querySelector('summary').focus();
  }
});

// What a disabled button says stays within the page's content, wherever its button is: over the navigation it would hide what is pressed
// next.
function keepInContent(event) {
  const why = event.target.closest?.('.why-box')?.querySelector('.why');
  if (!why) return;
  why.style.translate = '';
  const { left, right } = why.getBoundingClientRect(), edge = 8, content = why.closest('main')?.getBoundingClientRect();
  const from = Math.max(0, content?.left ?? 0) + edge;
  const to = Math.min(document.documentElement.clientWidth, content?.right ?? Infinity) - edge;
  const shift = Math.max(from - left, Math.min(0, to - right));
  if (shift !== 0) why.style.translate = `${shift}px`;
}
document.addEventListener('pointerover', keepInContent);
// A reason that appears under the pointer, as Save's does when it is done, or becomes another one there, is heard of by nothing else.
const elementOf = node => node.nodeType === Node.TEXT_NODE ? node.parentElement : node;
const reasonOf = change => change.type === 'characterData' ? [change.target.parentElement] : [...change.addedNodes].map(elementOf);
const isReason = node => node?.classList?.contains('why');
new MutationObserver(changes => changes.flatMap(reasonOf).filter(isReason).forEach(node => keepInContent({ target: node })))
  .observe(document.body, { childList: true, characterData: true, subtree: true });
document.addEventListener('focusin', keepInContent);
