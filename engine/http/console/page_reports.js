// Reports: which there are, and one as chart and table.
// SPDX-License-Identifier: Apache-2.0
import { at, download, pipelineNamed, pipelines, query, request } from './api.js';
import { count, h, plural, show, value } from './dom.js';
import { bars } from './charts.js';
import { doing, field, paramHint, paramInput, table } from './parts.js';

const PAGE = 100;
const BARS = 20;

export async function list() {
  const reports = (await pipelines()).filter((pipeline) => pipeline.kind === 'report');
  return {
    title: 'Reports',
    content: [h('h1', null, 'Reports'), reports.length ? h('ul', { class: 'cards' }, reports.map((report) => h('li', { class: 'card' },
      h('div', { class: 'card-name' }, h('h3', null, h('a', { href: `#/reports/${encodeURIComponent(report.name)}` }, value(report.name, 80)))), h('div', { class: 'card-last soft' }, value(report.description || '', 200))))) :
      h('p', { class: 'soft' }, 'This key may see no report.')],
  };
}

/* Numbers of an id or a year are no amounts. */
const amounts = (rows, names) => names.filter((column) => !/(^|_)(id|year|no)$/i.test(column) && rows.some((row) => typeof row[column] === 'number') && rows.every((row) => row[column] === null || typeof row[column] === 'number'));

function chart(rows, by, numbers) {
  const groups = new Map();
  for (const row of rows) {
    const label = row[by] === null ? 'null' : String(row[by]);
    const sums = groups.get(label) || numbers.map(() => 0);
    numbers.forEach((column, i) => { sums[i] += row[column] || 0; });
    groups.set(label, sums);
  }
  const items = [...groups].map(([label, parts]) => ({ label, parts, number: parts.reduce((all, part) => all + part, 0) })).sort((a, b) => b.number - a.number);
  const rest = items.length > BARS ? ` \u2013 the ${BARS} largest of ${count(items.length)}` : '';
  return bars(`${numbers.join(' + ')} by ${by}${rest}`, items.slice(0, BARS), { legend: numbers });
}

function drawn(rows) {
  const names = rows.length ? Object.keys(rows[0]) : [];
  const numbers = amounts(rows, names);
  const labels = names.filter((column) => rows.some((row) => typeof row[column] === 'string'));
  if (numbers.length === 0 || labels.length === 0) return null;
  const place = h('div');
  const choose = h('select', { onchange: () => show(place, chart(rows, choose.value, numbers)) }, labels.map((column) => h('option', { value: column }, column)));
  show(place, chart(rows, labels[0], numbers));
  return h('section', { 'aria-label': 'Chart' }, labels.length > 1 && h('div', { class: 'filters' }, field('Chart by', choose)), place);
}

function lines(rows) {
  const names = rows.length ? Object.keys(rows[0]) : [];
  const place = h('div');
  let shown = PAGE;
  const more = h('button', { type: 'button', onclick: () => { shown += PAGE; draw(); } }, 'More rows');
  const draw = () => {
    show(place, table('Rows of the report', names.map((column) => {
      const number = rows.some((row) => typeof row[column] === 'number');
      return { title: value(column, 60), number, cell: (row) => typeof row[column] === 'number' && Number.isInteger(row[column]) && !/(^|_)(id|year|no)$/i.test(column) ? count(row[column]) : value(row[column], 120) };
    }), rows.slice(0, shown)));
    more.hidden = shown >= rows.length;
  };
  draw();
  return h('section', { 'aria-labelledby': 'rows' }, h('h2', { id: 'rows' }, plural(rows.length, 'row')), place, h('p', null, more));
}

export default async function report({ parts: [, wanted], query: given, signal }) {
  const pipeline = await pipelineNamed(wanted);
  if (!pipeline || pipeline.kind !== 'report') throw new Error(`there is no report "${wanted}" here`);
  const params = pipeline.params.filter((param) => param.request);
  const inputs = params.map((param) => paramInput(param, given[param.name]));
  const told = h('div');
  const place = h('div', { class: 'stack' });
  const values = () => Object.fromEntries(inputs.filter((input) => input.value !== '').map((input) => [input.name, input.value]));
  const load = async () => {
    const response = await request('GET', at('reports', wanted) + query(values()), { signal });
    const rows = await response.json();
    const rejected = Number(response.headers.get('Penstock-Rejected') || 0);
    show(place, rejected > 0 && h('p', { class: 'note warn' }, `${plural(rejected, 'row')} did not fit the dictionary of the report and ${rejected === 1 ? 'is' : 'are'} left out.`),
      rows.length ? [drawn(rows), lines(rows)] : h('p', { class: 'soft' }, 'The report has no row.'));
  };
  const go = h('button', { class: 'primary' }, 'Show');
  const csv = h('button', { type: 'button', onclick: () => doing(csv, told, () => download(at('reports', wanted) + query({ ...values(), format: 'csv' }), `${wanted}.csv`)) }, 'CSV');
  const form = h('form', { class: 'filters', onsubmit: (event) => {
    event.preventDefault();
    doing(go, told, async () => {
      history.replaceState(null, '', `#/reports/${encodeURIComponent(wanted)}${query(values())}`);
      await load();
    });
  } }, params.map((param, i) => field(value(param.name, 60), inputs[i], paramHint(param))), params.length > 0 && go, csv);
  return {
    title: `Report ${wanted}`,
    content: [h('p', { class: 'crumbs' }, h('a', { href: '#/reports' }, 'Reports'), ' / '), h('h1', null, value(wanted, 80)), pipeline.description && h('p', { class: 'soft' }, value(pipeline.description, 400)), form, told, place],
    shown: () => doing(go, told, load),
  };
}
