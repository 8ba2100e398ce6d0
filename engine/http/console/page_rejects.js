// The records that a run rejected: by rule and field, one after the other, each with the cell that offended; export and replay.
// SPDX-License-Identifier: Apache-2.0
import { at, download, get, has, may, maybe, pipelineNamed, post, query, upload } from './api.js';
import { count, h, name, plural, say, show, value, when } from './dom.js';
import { bars } from './charts.js';
import { doing, field, modal, table } from './parts.js';
import { cellsOf, fieldsOf } from './record.js';

const PAGE = 100;
const SHOWN = 15;

/* {rules: [{rule, table, field, count}]}, of the service or else of the run itself. */
async function summaryOf(run, signal) {
  const told = await maybe(at('runs', run.run_id, 'rejects', 'summary'), signal);
  if (told) return told.rules;
  const rules = [];
  for (const step of run.steps || [])
    for (const [rule, number] of Object.entries(step.rejects_by_rule || {})) rules.push({ rule, table: step.table, field: null, count: number });
  return rules.sort((a, b) => b.count - a.count);
}

function charts(id, rules) {
  if (rules.length === 0) return null;
  const fields = new Map();
  for (const { table: of, field: part, count: number } of rules) if (part) fields.set(`${of}.${part}`, (fields.get(`${of}.${part}`) || 0) + number);
  const most = [...fields].sort((a, b) => b[1] - a[1]);
  return h('div', { class: 'plots' },
    bars('By rule', rules.slice(0, SHOWN).map((rule) => ({ label: rule.rule, number: rule.count, href: `#/runs/${id}/rejects${query({ rule: rule.rule })}` }))),
    most.length > 1 && bars('By field', most.slice(0, SHOWN).map(([label, number]) => ({ label, number }))));
}

function facts(reject) {
  const parts = [['Table', name(reject.table_name)], ['Step', value(reject.step, 60)], ['Source', value(reject.source, 120)], ['Record', count(reject.record_no)], ['Line', count(reject.line_no)],
    ['Rejected', when(reject.rejected_at, true)], ['Attempts', count(reject.attempts)]];
  return h('dl', { class: 'facts' }, parts.map(([title, cell]) => h('div', null, h('dt', null, title), h('dd', null, cell))));
}

function cellRow(part, i) {
  const bad = part.violations.length > 0;
  return h('div', { class: bad ? 'offending' : null }, h('dt', null, part.label === null ? `cell ${i + 1}` : value(part.label, 80), bad && h('span', { class: 'unseen' }, ' (offending)')),
    h('dd', null, part.missing ? h('span', { class: 'none' }, 'not there') : value(part.cell), part.violations.map((violation) => h('p', null, value(violation.message, 400), ' ', h('code', { class: 'soft' }, value(violation.rule, 120))))));
}

async function record(reject, pipeline) {
  const cells = cellsOf(reject, await fieldsOf(pipeline, reject));
  const marked = cells ? new Set(cells.flatMap((part) => part.violations)) : new Set();
  const others = (reject.violations || []).filter((violation) => !marked.has(violation));
  return [
    reject.resolved_run_id && h('p', { class: 'note good' }, 'Mended by ', h('a', { href: `#/runs/${reject.resolved_run_id}` }, 'a later run'), '.'),
    reject.published === false && h('p', { class: 'note warn' }, 'Its step was rolled back, so nothing of it was published.'),
    others.length > 0 && h('ul', null, others.map((violation) => h('li', null, violation.field && [name(violation.field), ': '], value(violation.message, 400), ' ', h('code', { class: 'soft' }, value(violation.rule, 120))))),
    cells && cells.length > 0 && h('dl', { class: 'record', 'aria-label': 'The record by its cells' }, cells.map(cellRow)),
    h('h3', null, 'As it came'), h('pre', { tabindex: '0', role: 'region', 'aria-label': 'the original record' }, reject.record === null ? value(null) : value(reject.record, 2000)),
    facts(reject),
  ];
}

function open(list, index, pipeline) {
  const place = h('div', { 'aria-live': 'polite' });
  const older = h('button', { type: 'button' }, '\u2190 Previous');
  const newer = h('button', { type: 'button' }, 'Next \u2192');
  const head = h('p', { class: 'soft' });
  const go = async (to) => {
    index = to;
    const reject = list[index];
    older.disabled = index === 0;
    newer.disabled = index === list.length - 1;
    show(head, `Reject ${reject.reject_id}, ${count(index + 1)} of the ${count(list.length)} loaded`);
    show(place, await record(reject, pipeline));
  };
  older.addEventListener('click', () => go(index - 1));
  newer.addEventListener('click', () => go(index + 1));
  modal('Rejected record', () => [head, place, h('p', { class: 'actions' }, older, newer)]);
  go(index);
}

const columns = (open_, list, filter) => [
  { title: 'Record', number: true, cell: (reject) => h('button', { type: 'button', class: 'link', 'aria-label': `Open record ${count(reject.record_no)} of ${reject.table_name}`, onclick: () => open_(reject) }, count(reject.record_no)) },
  list.some((reject) => reject.resolved_run_id) && { title: 'Mended', cell: (reject) => reject.resolved_run_id ? h('a', { href: `#/runs/${reject.resolved_run_id}` }, 'yes') : h('span', { class: 'soft' }, 'no') },
  new Set(list.map((reject) => reject.table_name)).size > 1 && { title: 'Table', cell: (reject) => name(reject.table_name) },
  { title: 'Field', cell: (reject) => reject.field ? name(reject.field) : h('span', { class: 'none' }, '\u2013') },
  { title: 'Why', wide: true, cell: (reject) => [value(reject.message, 200), reject.violations && reject.violations.length > 1 && h('span', { class: 'soft' }, ` and ${plural(reject.violations.length - 1, 'more reason')}`)] },
  !filter.rule && { title: 'Rule', cell: (reject) => name(reject.rule) },
  { title: 'Record as it came', cell: (reject) => h('code', null, value(reject.record, 60)) },
].filter(Boolean);

function chooser(label, given, items, set) {
  const select = h('select', { onchange: () => set(select.value) }, h('option', { value: '' }, 'all'), items.map((item) => h('option', { value: item, selected: item === given }, item)));
  return field(label, select);
}

/* A mended file, or all of them as they came. */
function replayDialog(id, pipeline, rule) {
  const said = h('div');
  const input = h('input', { type: 'file', name: 'mended', accept: '.csv,text/csv,.tsv,.txt' });
  const progress = h('progress', { max: '1', value: '0', hidden: true, 'aria-label': 'upload of the mended rows' });
  modal('Replay rejected records', (close) => {
    const follow = (fresh) => {
      close();
      location.hash = `#/runs/${fresh.run_id}`;
    };
    const send = h('button', { type: 'button', class: 'primary', onclick: () => doing(send, said, async () => {
      const [file] = input.files;
      if (!file) throw new Error('choose the mended file first');
      progress.hidden = false;
      try {
        follow(await upload(at('runs', id, 'replay'), file, (share) => { progress.value = share; }, 'POST'));
      } finally {
        progress.hidden = true;
      }
    }) }, 'Upload and replay');
    const start = h('button', { type: 'button', onclick: () => doing(start, said, async () => follow(await post(at('runs', id, 'replay'), rule ? { rule } : {}))) }, 'Replay as they came');
    return [h('p', null, 'Records that pass now are written and marked as mended; the others keep their place here.'),
      may(pipeline, 'upload') && h('fieldset', null, h('legend', null, 'Mended by you'),
        field('Mended file', input, 'the export of these records as CSV, with its columns, in which you changed what was wrong; rows may be left out'), progress, h('p', { class: 'actions' }, send)),
      h('fieldset', null, h('legend', null, 'As they came'), h('p', null, 'The original records of this run', rule && [' that broke ', name(rule)], ', again: the dictionary was mended, or their parents have come since.'), h('p', { class: 'actions' }, start)),
      said, h('p', { class: 'actions' }, h('button', { type: 'button', onclick: close }, 'Not now'))];
  });
}

export default async function rejects({ parts: [, id], query: wanted, signal }) {
  const run = await get(at('runs', id), signal);
  const [pipeline, rules, exports_, replays] = await Promise.all([pipelineNamed(run.pipeline).catch(() => null), summaryOf(run, signal), has('/v1/runs/{run}/rejects/export'), has('/v1/runs/{run}/replay')]);
  const filter = { rule: wanted.rule || '', table: wanted.table || '', field: wanted.field || '' };
  const filtered = Object.values(filter).some((item) => item !== '');
  const ask = (after) => at('runs', id, 'rejects') + query({ limit: PAGE, after, ...filter });
  let list = [];
  let next = null;
  let filters = true;
  const place = h('div');
  const told = h('div');
  const more = h('button', { type: 'button' }, 'More');

  const load = async (after) => {
    let page = filters ? await maybe(ask(after), signal) : null;
    if (!page) {
      filters = false;
      page = await get(at('runs', id, 'rejects') + query({ limit: PAGE, after }), signal);
    }
    list = list.concat(page.rejects);
    next = page.next;
    show(place, list.length ? table('Rejected records', columns((reject) => open(list, list.indexOf(reject), run.pipeline), list, filter), list) : h('p', { class: 'soft' }, filtered ? 'No rejected record is so.' : 'No record was rejected.'));
    more.hidden = next === null;
  };
  more.addEventListener('click', () => doing(more, told, async () => {
    const before = list.length;
    await load(next);
    say(`${plural(list.length - before, 'record')} more`);
  }));
  await load(undefined);

  const go = (change) => { location.hash = `#/runs/${id}/rejects${query({ ...filter, ...change })}`; };
  const distinct = (part) => [...new Set(rules.map((rule) => rule[part]).filter(Boolean))];
  const exporting = h('button', { type: 'button', onclick: () => doing(exporting, told, () => download(at('runs', id, 'rejects', 'export') + query({ rule: filter.rule }), `rejects-${id}.csv`)) }, 'Export as CSV');
  const replay = h('button', { type: 'button', onclick: () => replayDialog(id, pipeline, filter.rule) }, 'Replay\u2026');
  const total = filter.rule ? (rules.find((rule) => rule.rule === filter.rule) || { count: list.length }).count : run.rejected;
  return {
    title: `Rejects of ${run.pipeline}`,
    content: [h('p', { class: 'crumbs' }, h('a', { href: '#/runs' }, 'Runs'), ' / ', h('a', { href: `#/runs/${id}` }, value(run.pipeline, 60), ' ', when(run.started_at)), ' / '),
      h('div', { class: 'title' }, h('h1', null, `${plural(total, 'rejected record')}`, filter.rule && [' of ', name(filter.rule)]), h('div', { class: 'actions' }, run.rejected > 0 && exports_ && exporting, run.rejected > 0 && replays && pipeline && pipeline.kind !== 'report' && may(pipeline, 'run') && run.status !== 'running' && replay)),
      h('div', { class: 'stack' }, filtered ? null : charts(id, rules),
        h('section', { 'aria-label': 'Records' }, rules.length > 0 && filters && h('div', { class: 'filters' },
          chooser('Rule', filter.rule, distinct('rule'), (rule) => go({ rule })), distinct('table').length > 1 && chooser('Table', filter.table, distinct('table'), (of) => go({ table: of })),
          distinct('field').length > 1 && chooser('Field', filter.field, distinct('field'), (part) => go({ field: part })), filtered && h('a', { class: 'button quiet', href: `#/runs/${id}/rejects` }, 'All records')),
        told, place, h('p', null, more)))],
  };
}
