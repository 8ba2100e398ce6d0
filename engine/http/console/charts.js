// Charts in SVG whose lengths are shares, so that they fit any width; each has its figures in text beside it or in a table below.
// SPDX-License-Identifier: Apache-2.0
import { count, h, s, value } from './dom.js';

/** Bars that lie: items [{label, number, parts?: [number], href?, note?}]; parts are stacked, in the colours 1, 2, ... */
export function bars(caption, items, { legend = [] } = {}) {
  const most = Math.max(...items.map((item) => item.number), 1);
  const rows = items.map((item) => {
    const bar = s('svg', { width: '100%', height: '16', 'aria-hidden': 'true' }, s('rect', { class: 'ground', width: '100%', height: '16', rx: '3' }));
    let from = 0;
    (item.parts || [item.number]).forEach((part, i) => {
      const share = (Math.max(part, 0) / most) * 100;
      if (share > 0) bar.append(s('rect', { class: `series-${(i % 6) + 1}`, x: `${from}%`, width: `${Math.max(share, 0.4)}%`, height: '16' }, s('title', null, `${legend[i] ? legend[i] + ': ' : ''}${count(part)}`)));
      from += share;
    });
    const label = value(item.label, 70);
    return h('li', null, h('span', { class: 'bar-label' }, item.href ? h('a', { href: item.href }, label) : label, item.note && h('span', { class: 'soft' }, ' ', item.note)),
      h('span', { class: 'bar-number' }, count(item.number)), h('span', { class: 'rod' }, bar));
  });
  return h('figure', { class: 'bars' }, h('figcaption', null, caption), legend.length > 1 && h('p', { class: 'legend' }, legend.map((item, i) => h('span', null, s('svg', { width: '10', height: '10', 'aria-hidden': 'true' }, s('rect', { class: `series-${(i % 6) + 1}`, width: '10', height: '10', rx: '2' })), ' ', value(item, 40)))),
    h('ol', null, rows));
}

/** Columns in the order of time: items [{number, look, title}]; top writes the largest number. */
export function columns(caption, items, { top, from, to }) {
  const most = Math.max(...items.map((item) => item.number || 0), 0);
  const wide = 100 / Math.max(items.length, 12);
  const start = 100 - wide * items.length;
  const height = 120;
  const chart = s('svg', { class: 'columns', width: '100%', height: String(height), role: 'img', 'aria-label': `${caption}, the newest on the right; the figures stand in the table below` },
    [0.5, 1].map((share) => s('line', { x1: '0', x2: '100%', y1: String(height - share * (height - 8)), y2: String(height - share * (height - 8)), class: 'grid' })),
    items.map((item, i) => {
      const tall = most > 0 ? Math.max(((item.number || 0) / most) * (height - 8), 2) : 2;
      return s('rect', { class: 'column ' + item.look, x: `${start + i * wide + wide * 0.12}%`, width: `${wide * 0.76}%`, y: String(height - tall), height: String(tall), rx: '2' }, s('title', null, item.title));
    }),
    s('line', { x1: '0', x2: '100%', y1: String(height - 0.5), y2: String(height - 0.5), class: 'axis' }));
  return h('figure', { class: 'plot' }, h('figcaption', null, caption, h('span', { class: 'soft' }, most > 0 ? ` \u00b7 up to ${top(most)}` : '')), chart,
    h('p', { class: 'ends soft' }, h('span', null, items.length < 12 ? '' : from), h('span', null, to)));
}
