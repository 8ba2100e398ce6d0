// The console: which page is shown, the key of this tab, and where the focus goes.
// SPDX-License-Identifier: Apache-2.0
import { forgetPipelines, keys } from './api.js';
import { h, say, show, zone } from './dom.js';
import { field, modal, trouble } from './parts.js';
import overview from './page_overview.js';

/* Parts of a hash: a word stands for itself, null for anything. */
const ROUTES = [
  { parts: [], nav: 'overview', load: async () => overview },
  { parts: ['runs'], nav: 'runs', load: async () => (await import('./page_runs.js')).default },
  { parts: ['runs', null], nav: 'runs', load: async () => (await import('./page_run.js')).default },
  { parts: ['runs', null, 'rejects'], nav: 'runs', load: async () => (await import('./page_rejects.js')).default },
  { parts: ['backups'], nav: 'backups', load: async () => (await import('./page_backups.js')).default },
  { parts: ['reports'], nav: 'reports', load: async () => (await import('./page_reports.js')).list },
  { parts: ['reports', null], nav: 'reports', load: async () => (await import('./page_reports.js')).default },
  { parts: ['dictionary'], nav: 'dictionary', load: async () => (await import('./page_dictionary.js')).list },
  { parts: ['dictionary', null], nav: 'dictionary', load: async () => (await import('./page_dictionary.js')).default },
];
const main = document.getElementById('main');
let leaving = null;
let first = true;

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function place() {
  const [path, search] = location.hash.replace(/^#\/?/, '').split('?');
  const parts = path.split('/').filter((part) => part !== '').map(decoded);
  const route = ROUTES.find(({ parts: wanted }) => wanted.length === parts.length && wanted.every((word, i) => word === null || word === parts[i]));
  return { route, parts, query: Object.fromEntries(new URLSearchParams(search || '')) };
}

function arrived(title) {
  document.title = title ? `${title} \u2013 penstock` : 'penstock';
  const heading = main.querySelector('h1');
  if (heading && !first && !document.querySelector('dialog[open]')) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  first = false;
}

async function open() {
  const { route, parts, query } = place();
  if (leaving) leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  for (const link of document.querySelectorAll('nav a')) {
    if (route && link.dataset.page === route.nav) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const waiting = setTimeout(() => show(main, h('p', { class: 'waiting' }, 'Loading\u2026')), 200);
  try {
    if (!route) throw new Error('there is no such page');
    const page = await (await route.load())({ parts, query, signal, again: open });
    if (signal.aborted) return;
    clearTimeout(waiting);
    show(main, page.content);
    arrived(page.title);
    if (page.shown) page.shown();
  } catch (error) {
    if (signal.aborted) return;
    show(main, h('h1', null, route ? 'This could not be shown' : 'There is no such page'), trouble(error),
      h('p', null, h('button', { type: 'button', onclick: open }, 'Try again'), ' ', h('a', { href: '#/' }, 'Overview')));
    arrived('Trouble');
  } finally {
    clearTimeout(waiting);
    document.getElementById('key').hidden = !keys.get();
  }
}

function askForKey(why) {
  return new Promise((resolve) => {
    let given = null;
    const input = h('input', { type: 'password', autocomplete: 'off', spellcheck: 'false', required: true, oninput: () => input.setCustomValidity('') });
    modal('A key is needed', (close) => [
      why && h('p', { class: 'note bad', role: 'alert' }, why),
      h('p', null, 'It is kept in this tab until the tab is closed, and sent to this service alone.'),
      h('form', {
        onsubmit: (event) => {
          event.preventDefault();
          given = input.value.trim();
          /* No header could hold it. */
          input.setCustomValidity(/^[\x21-\x7e]+$/.test(given) ? '' : 'a key has letters, digits and signs of ASCII alone');
          if (!input.reportValidity()) {
            given = null;
            return;
          }
          keys.set(given);
          forgetPipelines();
          close();
        },
      }, field('Key', input, 'penstock keys new NAME --scope read:* makes one'), h('p', { class: 'actions' }, h('button', { class: 'primary' }, 'Use this key'))),
    ], () => resolve(given));
    input.focus();
  });
}

keys.asker(askForKey);
document.getElementById('key').addEventListener('click', () => {
  keys.forget();
  forgetPipelines();
  say('The key is forgotten.');
  open();
});
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
document.getElementById('zone').textContent = `Times are of ${zone()}.`;
addEventListener('hashchange', open);
open();
