// The history: durations and throughput plotted, and the runs themselves.
// SPDX-License-Identifier: Apache-2.0
import { at, get, maybe, pipelines, query } from './api.js';
import { duration, h, rate, say, show, when } from './dom.js';
import { columns } from './charts.js';
import { doing, field, runsTable, took } from './parts.js';

const PAGE = 50;
const PLOTTED = 50;
const LOOKS = { succeeded: 'good', rejected: 'warn', failed: 'bad', interrupted: 'bad', cancelled: 'idle', running: 'going' };

function plots(runs) {
  const ended = runs.filter((run) => took(run) !== null).slice(0, PLOTTED).reverse();
  if (ended.length < 2) return null;
  const ends = { from: when(ended[0].started_at), to: when(ended[ended.length - 1].started_at) };
  const title = (run, text) => `${run.pipeline}, ${run.status}, ${new Date(run.started_at).toISOString().slice(0, 16)}: ${text}`;
  const speed = (run) => run.read / Math.max(took(run), 0.001);
  return h('div', { class: 'plots' },
    columns('Duration', ended.map((run) => ({ number: took(run), look: LOOKS[run.status] || 'idle', title: title(run, duration(took(run))) })), { top: duration, ...ends }),
    columns('Records read a second', ended.map((run) => ({ number: speed(run), look: LOOKS[run.status] || 'idle', title: title(run, `${rate(speed(run))} a second`) })), { top: rate, from: when(ended[0].started_at), to: when(ended[ended.length - 1].started_at) }));
}

export default async function runs({ query: { pipeline = '' }, signal }) {
  const ask = (more) => at('runs') + query({ limit: PAGE, pipeline, ...more });
  const [list, first] = await Promise.all([pipelines(), get(ask({}), signal)]);
  let all = first.runs;
  const place = h('div', { class: 'stack' });
  const told = h('div');
  const older = h('button', { type: 'button' }, 'Older runs');
  const draw = (more) => {
    show(place, plots(all), all.length ? runsTable(pipeline ? `Runs of ${pipeline}` : 'Runs', all) : h('p', { class: 'soft' }, 'No run yet.'));
    older.hidden = !more;
  };
  older.addEventListener('click', () => doing(older, told, async () => {
    const page = await maybe(ask({ before: all[all.length - 1].run_id }), signal);
    const fresh = page ? page.runs.filter((run) => !all.some((seen) => seen.run_id === run.run_id)) : [];
    all = all.concat(fresh);
    draw(fresh.length === PAGE);
    say(fresh.length ? `${fresh.length} more` : 'These are all runs.');
  }));
  const choose = h('select', { onchange: () => { location.hash = '#/runs' + query({ pipeline: choose.value }); } },
    h('option', { value: '' }, 'all pipelines'),
    list.filter((item) => item.kind === 'run').map((item) => h('option', { value: item.name, selected: item.name === pipeline }, item.name)));
  draw(all.length === PAGE);
  return { title: 'Runs', content: [h('h1', null, 'Runs'), h('div', { class: 'filters' }, field('Pipeline', choose)), place, told, h('p', null, older)] };
}
