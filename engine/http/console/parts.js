// Pieces that more than one page has: states, books, tables, dialogs, forms, and how trouble is told.
// SPDX-License-Identifier: Apache-2.0
import { at, may, post, upload } from './api.js';
import { ago, bytes, count, duration, h, name, s, value, when } from './dom.js';

/* --- states --- */

const STATES = {
  succeeded: ['good', '\u2713'], running: ['going', '\u25b6'], queued: ['going', '\u2026'], rejected: ['warn', '!'],
  failed: ['bad', '\u2715'], cancelled: ['idle', '\u25a0'], interrupted: ['bad', '\u26a1\ufe0e'],
};

export function state(run) {
  const said = run.queued && run.status === 'running' ? 'queued' : run.status;
  const [look, sign] = STATES[said] || ['idle', '?'];
  return h('span', { class: 'state ' + look }, h('span', { 'aria-hidden': 'true' }, sign), ' ', value(said, 40));
}

export const isGood = (run) => run.status === 'succeeded' || run.status === 'running';

/* --- books --- */

export const balanced = (of) => of.read === of.written + of.rejected + of.skipped;

/** read = written + rejected + skipped, as a bar and in words. */
export function books(of, { words = true, going = false } = {}) {
  const parts = [['written', of.written], ['rejected', of.rejected], ['skipped', of.skipped]];
  const whole = Math.max(of.read, of.written + of.rejected + of.skipped, 1);
  let from = 0;
  const bar = s('svg', { class: 'bookbar', width: '100%', height: '8', 'aria-hidden': 'true' },
    s('rect', { class: 'ground', width: '100%', height: '8', rx: '4' }));
  for (const [part, number] of parts) {
    /* The least of rejects can be seen. */
    const share = number === 0 ? 0 : Math.max((number / whole) * 100, 0.8);
    if (share > 0) bar.append(s('rect', { class: part, x: `${Math.min(from, 100 - share)}%`, width: `${share}%`, height: '8' }));
    from += share;
  }
  if (!words) return bar;
  const told = h('p', { class: 'equation' }, h('b', null, count(of.read)), ' read', h('span', { class: 'sign' }, '='),
    parts.map(([part, number], i) => [i > 0 && h('span', { class: 'sign' }, '+'),
      h('span', { class: 'part ' + part }, h('i', { 'aria-hidden': 'true' }), h('b', null, count(number)), ' ' + part)]));
  if (!balanced(of) && !going) told.append(h('strong', { class: 'bad' }, ' the books do not balance'));
  return h('div', { class: 'books' }, bar, told);
}

/* --- tables --- */

/** columns: [{title, cell(row), number, wide}]; it scrolls within itself, or with stacks its rows become blocks where there is little room:
 * roles are named, since what is no longer laid out as a table would lose them. */
export function table(caption, columns, rows, { stacks = false } = {}) {
  const role = (is) => (stacks ? is : null);
  return h('div', { class: stacks ? 'scroll stacks' : 'scroll', role: 'region', 'aria-label': caption, tabindex: '0' },
    h('table', { role: role('table') }, h('caption', { class: 'unseen' }, caption),
      h('thead', { role: role('rowgroup') }, h('tr', { role: role('row') }, columns.map((column) => h('th', { scope: 'col', role: role('columnheader'), class: column.number ? 'number' : null }, column.title)))),
      h('tbody', { role: role('rowgroup') }, rows.map((row) => h('tr', { role: role('row') }, columns.map((column) =>
        h('td', { role: role('cell'), 'data-title': typeof column.title === 'string' ? column.title : null, class: column.number ? 'number' : column.wide ? 'wide' : null }, h('div', null, column.cell(row)))))))));
}

export const took = (run) => run.duration_s ?? (run.finished_at && run.started_at ? (new Date(run.finished_at) - new Date(run.started_at)) / 1000 : null);

export function runsTable(caption, runs) {
  return table(caption, [
    { title: 'Result', cell: (run) => h('a', { class: 'bare', href: `#/runs/${run.run_id}`, 'aria-label': `${run.status}: run of ${run.pipeline}` }, state(run)) },
    { title: 'Pipeline', cell: (run) => [h('a', { href: `#/runs/${run.run_id}` }, value(run.pipeline, 60)), run.kind === 'replay' && h('span', { class: 'soft' }, ' replay')] },
    { title: 'Started', cell: (run) => when(run.started_at) },
    { title: 'Took', number: true, cell: (run) => duration(took(run)) },
    { title: 'Read', number: true, cell: (run) => count(run.read) },
    { title: 'Written', number: true, cell: (run) => count(run.written) },
    { title: 'Rejected', number: true, cell: (run) => run.rejected ? h('a', { href: `#/runs/${run.run_id}/rejects` }, count(run.rejected)) : '0' },
    { title: 'Skipped', number: true, cell: (run) => count(run.skipped) },
  ], runs);
}

/* --- trouble --- */

export const trouble = (error) => h('p', { class: 'note bad', role: 'alert' }, value(error.message || String(error), 600));

/** Runs what a button does; the button waits, and trouble is told in place. */
export async function doing(button, told, work) {
  const said = button.textContent;
  button.disabled = true;
  button.setAttribute('aria-busy', 'true');
  told.replaceChildren();
  try {
    return await work();
  } catch (error) {
    told.replaceChildren(trouble(error));
    return undefined;
  } finally {
    button.disabled = false;
    button.removeAttribute('aria-busy');
    button.textContent = said;
  }
}

/* --- dialogs and forms --- */

let dialogs = 0;

/** A dialog with what build(close) gives; onclose is called once it is gone. */
export function modal(title, build, onclose) {
  const back = document.activeElement;
  const id = `dialog-${++dialogs}`;
  const dialog = h('dialog', { 'aria-labelledby': id });
  const close = () => dialog.close();
  dialog.append(h('div', { class: 'dialog' }, h('div', { class: 'dialog-head' }, h('h2', { id }, title),
    h('button', { type: 'button', class: 'quiet', 'aria-label': 'Close', onclick: close }, '\u2715')), build(close)));
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (back && back.isConnected) back.focus();
    if (onclose) onclose();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

let fields = 0;

export function field(label, input, hint) {
  const id = `field-${++fields}`;
  input.id = id;
  if (hint) input.setAttribute('aria-describedby', id + '-hint');
  return h('div', { class: 'field' }, h('label', { for: id }, label), input, hint && h('p', { class: 'hint', id: id + '-hint' }, hint));
}

/** An input for what a request may set. */
export function paramInput(param, given) {
  const start = given ?? param.default ?? '';
  if (param.enum) return h('select', { name: param.name }, param.enum.map((item) => h('option', { value: item, selected: item === start }, item)));
  const input = h('input', { name: param.name, value: start, type: 'text', autocomplete: 'off', spellcheck: 'false', inputmode: param.type === 'integer' ? 'numeric' : null });
  if (param.pattern) {
    try {
      new RegExp(param.pattern, 'v');
      input.pattern = param.pattern;
      input.title = `must match ${param.pattern}`;
    } catch {
      /* A pattern of the service's own kind: it will say so itself. */
    }
  }
  return input;
}

export const paramHint = (param) => [param.description && value(param.description, 200), param.pattern && [param.description && ' \u00b7 ', 'pattern ', h('code', null, value(param.pattern, 80))]];

function fileField(pipeline, param) {
  const input = h('input', { type: 'file', name: param.name, accept: '.csv,text/csv,.tsv,.txt,.gz,.zst' });
  const progress = h('progress', { max: '1', value: '0', hidden: true, 'aria-label': `upload of ${param.name}` });
  const told = h('p', { class: 'hint', role: 'status' });
  const row = h('div', { class: 'upload' }, field(value(param.name, 60), input, param.description ? value(param.description, 200) : 'replaces the file that this param names'), progress, told);
  const send = async () => {
    const file = input.files[0];
    if (!file) return;
    progress.hidden = false;
    const done = await upload(at('pipelines', pipeline.name, 'files', param.name), file, (share) => { progress.value = share; });
    progress.hidden = true;
    told.replaceChildren(h('span', { class: 'good' }, '\u2713 '), `${bytes(done.bytes)}, SHA-256 ${done.sha256.slice(0, 16)}\u2026`);
    input.value = '';
  };
  return { row, send, chosen: () => input.files.length > 0 };
}

/** The form that uploads files and starts a run; goes to the page of the run. */
export function runDialog(pipeline, given = {}) {
  const files = may(pipeline, 'upload') ? pipeline.params.filter((param) => param.upload).map((param) => fileField(pipeline, param)) : [];
  const params = pipeline.params.filter((param) => param.request);
  const inputs = params.map((param) => paramInput(param, given[param.name]));
  const told = h('div');
  modal(`Run ${pipeline.name}`, (close) => {
    const start = h('button', { class: 'primary' }, files.length ? 'Upload and run' : 'Run');
    const only = h('button', { type: 'button' }, 'Only upload');
    const send = async () => {
      for (const file of files) await file.send();
    };
    only.addEventListener('click', () => doing(only, told, async () => {
      if (!files.some((file) => file.chosen())) throw new Error('choose a file first');
      await send();
    }));
    return h('form', {
      onsubmit: (event) => {
        event.preventDefault();
        doing(start, told, async () => {
          await send();
          const wanted = {};
          for (const input of inputs) if (input.value !== '') wanted[input.name] = input.value;
          const run = await post(at('pipelines', pipeline.name, 'runs'), { params: wanted });
          close();
          location.hash = `#/runs/${run.run_id}`;
        });
      },
    },
    pipeline.description && h('p', null, value(pipeline.description, 300)),
    files.length > 0 && h('fieldset', null, h('legend', null, 'Files'), h('p', { class: 'hint' }, 'A file that is not chosen stays as it is.'), files.map((file) => file.row)),
    params.length > 0 && h('fieldset', null, h('legend', null, 'Params'), params.map((param, i) => field(value(param.name, 60), inputs[i], paramHint(param)))),
    files.length === 0 && params.length === 0 && h('p', null, 'It takes no params.'),
    pipeline.replaces && h('p', { class: 'note warn' }, 'It replaces the rows of tables.'),
    told, h('p', { class: 'actions' }, files.length > 0 && only, h('button', { type: 'button', onclick: close }, 'Not now'), start));
  });
}

/** "02:00 tomorrow, in 5 h", or that there is none. */
export const next = (schedule) => schedule && schedule.next_run_at ?
  [when(schedule.next_run_at), h('span', { class: 'soft' }, `, ${ago(schedule.next_run_at)}`)] : h('span', { class: 'none' }, 'not scheduled');

export { name };
