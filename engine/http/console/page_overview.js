// The first page: did the runs of last night work, what was rejected, what runs next; and each pipeline with what can be done with it.
// SPDX-License-Identifier: Apache-2.0
import { at, get, may, pipelines, query } from './api.js';
import { ago, count, duration, h, plural, show, value, when } from './dom.js';
import { balanced, books, isGood, next, runDialog, runsTable, state, took } from './parts.js';

const DAY_MS = 86400000;
const REFRESH_MS = 10000;
const RUNS = 200;
const RECENT = 8;

function verdict(recent, list) {
  const bad = recent.filter((run) => !isGood(run));
  const unbalanced = recent.filter((run) => run.status !== 'running' && !balanced(run));
  const going = recent.filter((run) => run.status === 'running');
  if (unbalanced.length) return ['bad', `${plural(unbalanced.length, 'run')} of the last 24 hours with books that do not balance`];
  if (bad.length) return ['bad', `${count(bad.length)} of ${plural(recent.length, 'run')} in the last 24 hours did not succeed`];
  const late = list.filter((pipeline) => pipeline.schedule && pipeline.last_run && !isGood(pipeline.last_run));
  if (late.length) return ['warn', `${plural(late.length, 'scheduled pipeline')} did not succeed the last time`];
  if (recent.length === going.length && going.length) return ['going', `${plural(going.length, 'run')} under way`];
  if (recent.length) return ['good', recent.length === 1 ? 'The one run of the last 24 hours succeeded' : `All ${count(recent.length)} runs of the last 24 hours succeeded`];
  return ['idle', 'No run in the last 24 hours'];
}

const tile = (title, ...content) => h('div', { class: 'tile' }, h('h3', null, title), content);

function tiles(recent, list) {
  const sum = (of) => recent.reduce((all, run) => all + run[of], 0);
  const totals = { read: sum('read'), written: sum('written'), rejected: sum('rejected'), skipped: sum('skipped') };
  const worst = recent.filter((run) => run.rejected > 0).sort((a, b) => b.rejected - a.rejected).slice(0, 3);
  const coming = list.filter((pipeline) => pipeline.schedule && pipeline.schedule.next_run_at)
    .sort((a, b) => a.schedule.next_run_at.localeCompare(b.schedule.next_run_at)).slice(0, 3);
  return h('div', { class: 'tiles' },
    tile('Records, last 24 hours', h('p', { class: 'figure' }, count(totals.read), h('small', null, ' read')), books(totals, { going: recent.some((run) => run.status === 'running') })),
    tile('Rejected, last 24 hours', h('p', { class: 'figure' }, count(totals.rejected), h('small', null, totals.read ? ` of ${count(totals.read)}` : '')),
      worst.length ? h('ul', { class: 'plain' }, worst.map((run) => h('li', null, h('a', { href: `#/runs/${run.run_id}/rejects` }, count(run.rejected), ' in ', value(run.pipeline, 40)), h('span', { class: 'soft' }, ' ', ago(run.started_at))))) :
        h('p', { class: 'soft' }, 'Nothing to mend.')),
    tile('Next', coming.length ? [h('p', { class: 'figure' }, ago(coming[0].schedule.next_run_at)),
      h('ul', { class: 'plain' }, coming.map((pipeline) => h('li', null, value(pipeline.name, 40), h('span', { class: 'soft' }, ' '), when(pipeline.schedule.next_run_at))))] :
      [h('p', { class: 'figure' }, '\u2013'), h('p', { class: 'soft' }, 'No pipeline has a schedule.')]));
}

function lastOf(pipeline, runs) {
  return pipeline.last_run || runs.find((run) => run.pipeline === pipeline.name) || null;
}

function card(pipeline, last) {
  const run = may(pipeline, 'run') ? h('button', { type: 'button', 'aria-label': `Run ${pipeline.name}`, onclick: () => runDialog(pipeline) }, 'Run') : null;
  return h('li', { class: 'card' },
    h('div', { class: 'card-name' }, h('h3', null, value(pipeline.name, 60)), pipeline.description && h('p', { class: 'soft' }, value(pipeline.description, 140))),
    h('div', { class: 'card-last' }, last ? [h('a', { class: 'bare', href: `#/runs/${last.run_id}`, 'aria-label': `last run of ${pipeline.name}: ${last.status}` }, state(last)), ' ',
      h('span', { class: 'soft' }, last.status === 'running' ? '' : ago(last.finished_at || last.started_at), took(last) !== null ? ` \u00b7 ${duration(took(last))}` : '')] : h('span', { class: 'none' }, 'never ran')),
    h('div', { class: 'card-books' }, last && last.read !== undefined ? books(last, { going: last.status === 'running' }) : null),
    h('div', { class: 'card-next' }, h('span', { class: 'label' }, 'Next '), next(pipeline.schedule)),
    h('div', { class: 'card-do' }, run, h('a', { class: 'button quiet', href: `#/runs${query({ pipeline: pipeline.name })}`, 'aria-label': `History of ${pipeline.name}` }, 'History')));
}

const other = (pipeline) => h('li', null,
  pipeline.kind === 'report' && may(pipeline, 'report') ? h('a', { href: `#/reports/${encodeURIComponent(pipeline.name)}` }, value(pipeline.name, 60)) : h('b', null, value(pipeline.name, 60)),
  pipeline.description && h('span', { class: 'soft' }, ' \u2013 ', value(pipeline.description, 140)),
  pipeline.kind === 'ingest' && h('span', { class: 'soft' }, ' ', h('code', null, 'POST /v1/ingest/', value(pipeline.name, 60))));

function filled(list, runs) {
  const since = Date.now() - DAY_MS;
  const recent = runs.filter((run) => run.status === 'running' || new Date(run.finished_at || run.started_at).getTime() >= since);
  const [look, sentence] = verdict(recent, list);
  const bad = recent.filter((run) => !isGood(run)).slice(0, 5);
  const kinds = { run: [], report: [], ingest: [] };
  for (const pipeline of list) (kinds[pipeline.kind] || kinds.run).push(pipeline);
  return [
    h('section', { class: 'verdict ' + look, 'aria-labelledby': 'verdict' }, h('h2', { id: 'verdict' }, sentence),
      bad.length > 0 && h('ul', { class: 'plain' }, bad.map((run) => h('li', null, state(run), ' ', h('a', { href: `#/runs/${run.run_id}` }, value(run.pipeline, 60)), h('span', { class: 'soft' }, ' ', ago(run.finished_at || run.started_at)))))),
    tiles(recent, list),
    h('section', { 'aria-labelledby': 'pipelines' }, h('h2', { id: 'pipelines' }, 'Pipelines'),
      kinds.run.length ? h('ul', { class: 'cards' }, kinds.run.map((pipeline) => card(pipeline, lastOf(pipeline, runs)))) : h('p', { class: 'soft' }, 'No pipeline that this key may see can be run.')),
    runs.length > 0 && h('section', { 'aria-labelledby': 'recent' }, h('h2', { id: 'recent' }, 'Latest runs'), runsTable('Latest runs', runs.slice(0, RECENT)),
      h('p', null, h('a', { href: '#/runs' }, 'All runs'))),
    kinds.report.length + kinds.ingest.length > 0 && h('section', { 'aria-labelledby': 'others' }, h('h2', { id: 'others' }, 'Reports and rows over HTTP'),
      h('ul', { class: 'plain others' }, [...kinds.report, ...kinds.ingest].map(other))),
  ];
}

async function look(signal) {
  const [list, { runs }] = await Promise.all([pipelines(true), get(at('runs') + query({ limit: RUNS }), signal)]);
  return { list, runs, text: JSON.stringify([list, runs]) };
}

/* Not under the fingers of who is using it: while a dialog is open or something in it has the focus it stays as it is. */
function keepFresh(place, signal, seen) {
  const timer = setInterval(async () => {
    if (document.hidden || document.querySelector('dialog[open]') || place.contains(document.activeElement)) return;
    try {
      const now = await look(signal);
      if (signal.aborted || now.text === seen) return;
      seen = now.text;
      show(place, filled(now.list, now.runs));
    } catch {
      /* The next time may be better. */
    }
  }, REFRESH_MS);
  signal.addEventListener('abort', () => clearInterval(timer));
}

export default async function overview({ signal }) {
  const { list, runs, text } = await look(signal);
  const place = h('div', { class: 'stack' }, filled(list, runs));
  keepFresh(place, signal, text);
  return { title: 'Overview', content: [h('h1', { class: 'unseen' }, 'Overview'), place] };
}
