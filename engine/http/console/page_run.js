// One run: how it goes on, its steps, its books, and what it rejected by rule.
// SPDX-License-Identifier: Apache-2.0
import { at, follow, forgetPipelines, get, may, pipelineNamed, post, query } from './api.js';
import { bytes, count, duration, h, plural, rate, say, show, value, when } from './dom.js';
import { bars } from './charts.js';
import { books, doing, runDialog, state, table } from './parts.js';

const REASONS_NONE = h('span', { class: 'none' }, '\u2013');

const reasons = (of) => {
  const list = Object.entries(of || {}).filter(([, number]) => number > 0);
  return list.length ? list.map(([reason, number], i) => [i > 0 && ', ', value(reason.replace(/_/g, ' '), 40), ' ', count(number)]) : REASONS_NONE.cloneNode(true);
};

function steps(run) {
  if (!run.steps || run.steps.length === 0) return null;
  return h('section', { 'aria-labelledby': 'steps' }, h('h2', { id: 'steps' }, 'Steps'), table('Steps', [
    { title: 'Step', cell: (step) => value(step.name, 60) },
    { title: 'Result', cell: (step) => state(step) },
    { title: 'Read', number: true, cell: (step) => count(step.read) },
    { title: 'Written', number: true, cell: (step) => count(step.written) },
    { title: 'Rejected', number: true, cell: (step) => count(step.rejected) },
    { title: 'Skipped', number: true, cell: (step) => count(step.skipped) },
    { title: 'Skipped because', cell: (step) => reasons(step.skipped_by_reason) },
    { title: 'Bytes', number: true, cell: (step) => step.bytes_read === undefined ? '' : bytes(step.bytes_read) },
    { title: 'Took', number: true, cell: (step) => duration(step.duration_s) },
  ], run.steps));
}

function rules(run) {
  const all = {};
  for (const step of run.steps || []) {
    for (const [rule, number] of Object.entries(step.rejects_by_rule || {})) all[rule] = (all[rule] || 0) + number;
  }
  const items = Object.entries(all).sort((a, b) => b[1] - a[1]);
  if (!run.rejected) return null;
  return h('section', { 'aria-labelledby': 'rejected' }, h('h2', { id: 'rejected' }, 'Rejected'),
    items.length > 0 && bars('Records by rule', items.slice(0, 20).map(([rule, number]) => ({ label: rule, number, href: `#/runs/${run.run_id}/rejects${query({ rule })}` }))),
    h('p', null, h('a', { class: 'button', href: `#/runs/${run.run_id}/rejects` }, `See ${plural(run.rejected, 'rejected record')}`)));
}

function problem(error) {
  if (!error) return null;
  const list = typeof error === 'object' ? Object.entries(error).filter(([, said]) => said !== null && said !== '') : [['message', error]];
  return h('section', { class: 'note bad', 'aria-label': 'Why it ended' }, list.map(([part, said]) => part === 'message' ? h('p', null, h('strong', null, value(said, 1000))) :
    h('p', { class: 'soft' }, part.replace(/_/g, ' '), ': ', value(said, 300))));
}

/* Records a second since the look before, smoothed. */
function speedometer() {
  let before = null;
  let speed = null;
  return (run) => {
    const now = performance.now();
    if (before && now - before.now > 200 && run.read >= before.read) {
      const fresh = ((run.read - before.read) / (now - before.now)) * 1000;
      speed = speed === null ? fresh : speed * 0.6 + fresh * 0.4;
      before = { now, read: run.read };
    } else if (!before) before = { now, read: run.read };
    return speed;
  };
}

export default async function page({ parts: [, id], signal, again }) {
  let run = await get(at('runs', id), signal);
  const pipeline = await pipelineNamed(run.pipeline).catch(() => null);
  const place = h('div', { class: 'stack' });
  const head = h('div', { class: 'run-head' });
  const told = h('div');
  const speed = speedometer();
  const cancel = h('button', { type: 'button', class: 'danger' }, 'Cancel this run');
  cancel.addEventListener('click', () => doing(cancel, told, () => post(at('runs', id, 'cancel'))));
  const rerun = h('button', { type: 'button' }, 'Run again');
  rerun.addEventListener('click', () => runDialog(pipeline, {}));

  const draw = () => {
    const going = run.status === 'running';
    const now = going ? speed(run) : run.duration_s ? run.read / run.duration_s : null;
    show(head, state(run), h('dl', { class: 'facts' },
      h('div', null, h('dt', null, 'Started'), h('dd', null, when(run.started_at, true))),
      !going && h('div', null, h('dt', null, 'Ended'), h('dd', null, when(run.finished_at, true))),
      h('div', null, h('dt', null, 'Took'), h('dd', null, duration(run.duration_s) || '\u2013')),
      now > 0 && h('div', null, h('dt', null, 'Records a second'), h('dd', null, rate(now))),
      run.exit_code !== null && run.exit_code !== undefined && h('div', null, h('dt', null, 'Exit code'), h('dd', null, String(run.exit_code))),
      h('div', null, h('dt', null, 'Run'), h('dd', null, h('code', { class: 'id' }, run.run_id)))));
    show(place, problem(run.error), h('section', { class: 'panel', 'aria-label': 'Books' }, books(run, { going })),
      going && run.note && h('p', { class: 'soft' }, value(run.note, 300)), rules(run), steps(run));
    cancel.hidden = !going || !may(pipeline, 'cancel');
    rerun.hidden = going || !pipeline || pipeline.kind !== 'run' || !may(pipeline, 'run');
  };
  const onRun = (fresh) => {
    const ended = run.status === 'running' && fresh.status !== 'running';
    const quarter = Math.floor(fresh.read / 100000) !== Math.floor(run.read / 100000);
    /* What has the focus in it stays. */
    const held = place.contains(document.activeElement) ? document.activeElement : null;
    run = fresh;
    draw();
    if (held && !held.isConnected) {
      const same = held.getAttribute('aria-label') ? place.querySelector(`[aria-label="${CSS.escape(held.getAttribute('aria-label'))}"]`) : null;
      (same || document.getElementById('main')).focus({ preventScroll: true });
    }
    if (ended) {
      forgetPipelines();
      say(`The run has ended: ${fresh.status}. ${plural(fresh.written, 'record')} written, ${count(fresh.rejected)} rejected, ${count(fresh.skipped)} skipped.`);
    } else if (quarter) say(`${plural(fresh.read, 'record')} read`);
  };
  draw();
  if (run.status === 'running') follow(id, signal, onRun).catch(() => !signal.aborted && setTimeout(again, 3000));
  return {
    title: `Run of ${run.pipeline}`,
    content: [h('p', { class: 'crumbs' }, h('a', { href: '#/runs' }, 'Runs'), ' / '), h('div', { class: 'title' }, h('h1', null, value(run.pipeline, 80), run.kind === 'replay' && h('span', { class: 'soft' }, ' replay of rejects')), h('div', { class: 'actions' }, rerun, cancel)), told, head, place],
  };
}
