// Elements, and how values, numbers and times are written; nothing here, and nothing elsewhere in the console, takes markup from data.
// SPDX-License-Identifier: Apache-2.0

const SVG = 'http://www.w3.org/2000/svg';
const VALUE_SHOWN = 160;
/* Controls, and what turns the direction of text: shown, since they would otherwise do something. */
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+/g;

function fill(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

function make(element, props, children) {
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  return fill(element, children);
}

/** h('a', {href: '#/', class: 'x', onclick: f}, child...): an element; a child is a node, or text. */
export const h = (tag, props, ...children) => make(document.createElement(tag), props, children);
export const s = (tag, props, ...children) => make(document.createElementNS(SVG, tag), props, children);
export const show = (place, ...children) => { place.replaceChildren(); return fill(place, children); };

/* --- values --- */

const SHORT = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0' };
const spelled = (c) => SHORT[c] || 'U+' + c.codePointAt(0).toString(16).toUpperCase().padStart(4, '0');

/* The same one many times over is written once. */
function mark(text) {
  const out = [];
  for (const c of text) {
    const last = out[out.length - 1];
    if (last && last.c === c) last.times++;
    else out.push({ c, times: 1 });
  }
  return out.map(({ c, times }) => spelled(c) + (times > 1 ? ` \u00d7${times}` : '')).join(' ');
}

function pieces(text) {
  const out = [];
  let at = 0;
  for (const found of text.matchAll(UNSEEN)) {
    if (found.index > at) out.push(text.slice(at, found.index));
    out.push(h('span', { class: 'unseeable', title: 'characters that cannot be seen' }, mark(found[0])));
    at = found.index + found[0].length;
  }
  out.push(text.slice(at));
  return out;
}

const cut = (text, at) => text.slice(0, at - (text.charCodeAt(at - 1) >= 0xd800 && text.charCodeAt(at - 1) < 0xdc00 ? 1 : 0));

/** Text that came from outside: on its own line of direction, what cannot be seen made visible, a long one cut, with a button to see all. */
export function value(given, shown = VALUE_SHOWN) {
  if (given === null || given === undefined) return h('span', { class: 'none' }, 'null');
  const text = typeof given === 'object' ? JSON.stringify(given) : String(given);
  if (text === '') return h('span', { class: 'none' }, 'empty');
  if (text.length <= shown) return h('bdi', { class: 'value' }, pieces(text));
  const part = h('bdi', { class: 'value' }, pieces(cut(text, shown)), '\u2026');
  const more = h('button', { type: 'button', class: 'link', 'aria-expanded': 'false' }, `show all ${count(text.length)} characters`);
  const whole = h('span', { class: 'cut' }, part, ' ', more);
  more.addEventListener('click', () => {
    const open = more.getAttribute('aria-expanded') === 'true';
    const next = open ? h('bdi', { class: 'value' }, pieces(cut(text, shown)), '\u2026') :
      h('bdi', { class: 'value all', tabindex: '0', role: 'region', 'aria-label': 'the whole value' }, pieces(text));
    whole.replaceChild(next, whole.firstChild);
    more.setAttribute('aria-expanded', String(!open));
    more.textContent = open ? `show all ${count(text.length)} characters` : 'show less';
  });
  return whole;
}

/** A name of ours (a pipeline, a table, a rule): the same, in the type of code. */
export const name = (text) => h('code', null, value(text, 120));

/* --- numbers and times --- */

const numbers = new Intl.NumberFormat('en');
const rates = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
export const count = (number) => numbers.format(number || 0);
export const rate = (number) => rates.format(number >= 1000 ? Math.round(number) : number);
export const plural = (number, one, many) => `${count(number)} ${number === 1 ? one : many || one + 's'}`;

export function bytes(number) {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  while (number >= 1024 && at < units.length - 1) {
    number /= 1024;
    at++;
  }
  return at === 0 ? plural(number, 'byte') : `${number.toFixed(number < 10 ? 1 : 0)} ${units[at]}`;
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined || !(seconds >= 0)) return '';
  if (seconds < 1) return `${Math.max(seconds, 0.01).toFixed(2)} s`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const at = units.findIndex(([size]) => seconds >= size);
  const big = Math.floor(seconds / units[at][0]);
  const small = Math.floor((seconds % units[at][0]) / units[at + 1][0]);
  return `${big} ${units[at][1]}` + (small ? ` ${small} ${units[at + 1][1]}` : '');
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const clockSeconds = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const days = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const years = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

function written(date, seconds) {
  const now = new Date();
  const away = Math.round((midnight(date) - midnight(now)) / 86400000);
  const day = { '-1': 'yesterday', 0: 'today', 1: 'tomorrow' }[away] ||
    (date.getFullYear() === now.getFullYear() ? days : years).format(date);
  return `${day} ${(seconds ? clockSeconds : clock).format(date)}`;
}

/** When it is or was: in the time of this browser, the time in UTC beside it for those who point at it. */
export function when(text, seconds = false) {
  const date = text ? new Date(text) : null;
  if (!date || Number.isNaN(date.getTime())) return h('span', { class: 'none' }, '\u2013');
  return h('time', { datetime: date.toISOString(), title: date.toISOString() }, written(date, seconds));
}

/** How long ago, or how long until. */
export function ago(text) {
  const seconds = (Date.now() - new Date(text).getTime()) / 1000;
  if (Math.abs(seconds) < 10) return 'just now';
  const long = duration(Math.abs(seconds)).split(' ').slice(0, 2).join(' ');
  return seconds > 0 ? `${long} ago` : `in ${long}`;
}

export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
export const say = (text) => { document.getElementById('said').textContent = text; };
