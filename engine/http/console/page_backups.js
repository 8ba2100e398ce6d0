// Backups: which there are and whether they are proven; Back up now, Verify, and Restore with a preview and a confirmation.
// SPDX-License-Identifier: Apache-2.0
import { at, get, may, maybe, pipelines, post, query } from './api.js';
import { ago, bytes, count, h, name, plural, show, value, when } from './dom.js';
import { doing, field, modal, next, paramInput, runDialog, table, trouble } from './parts.js';

const tablesOf = (backup) => (Array.isArray(backup.tables) ? backup.tables.length : backup.tables);

function proven(backup) {
  if (!backup.complete) return h('span', { class: 'state bad' }, h('span', { 'aria-hidden': 'true' }, '\u2715'), ' incomplete');
  if (!backup.proven) return h('span', { class: 'state idle' }, 'not yet');
  return backup.proven.holds ? h('span', { class: 'state good', title: backup.proven.at }, h('span', { 'aria-hidden': 'true' }, '\u2713'), ' proven ', h('span', { class: 'plainly' }, ago(backup.proven.at))) :
    h('span', { class: 'state bad' }, h('span', { 'aria-hidden': 'true' }, '\u2715'), ' does not hold');
}

function verified(report) {
  const problems = [...(report.tables || []).flatMap((of) => (of.problems || []).map((problem) => [of.name, problem])), ...(report.files_not_listed || []).map((file) => [file, 'is not listed in the manifest'])];
  return [h('p', { class: 'note ' + (report.verified ? 'good' : 'bad'), role: 'status' }, report.verified ?
    `\u2713 It holds: ${plural((report.tables || []).length, 'table')} as the manifest says${report.restored ? ', restored into a scratch database and compared' : ''}.` : '\u2715 It does not hold.', report.error && [' ', value(typeof report.error === 'object' ? report.error.message : report.error, 400)]),
  problems.length > 0 && h('ul', null, problems.map(([of, problem]) => h('li', null, name(of), ' ', value(typeof problem === 'object' ? problem.message || problem : problem, 400)))),
  table('Tables of the backup', [{ title: 'Table', cell: (of) => name(of.name) }, { title: 'Result', cell: (of) => value(of.result, 60) }, { title: 'Rows', number: true, cell: (of) => count(of.rows) },
    { title: 'Fingerprint', cell: (of) => of.fingerprint ? h('code', null, value(of.fingerprint, 40)) : '' }], report.tables || [])];
}

function verify(pipeline, backup, again) {
  const told = h('div', { 'aria-live': 'polite' });
  modal('Verify this backup', (close) => {
    const run = (button, restore) => doing(button, told, async () => {
      show(told, h('p', { class: 'soft' }, restore ? 'It is being restored into a scratch database\u2026' : 'Its files are being read\u2026'));
      const report = await post(at('pipelines', pipeline.name, 'backups', backup.run_id, 'verify'), { restore });
      show(told, verified(report));
    });
    const files = h('button', { type: 'button', onclick: () => run(files, false) }, 'Verify the files');
    const prove = h('button', { type: 'button', class: 'primary', onclick: () => run(prove, true) }, 'Prove it by a restore');
    return [h('p', null, when(backup.created_at, true), ' ', h('code', { class: 'id' }, backup.run_id)), h('p', { class: 'soft' }, 'The files are held against their checksums, counts and fingerprints. A proof restores them into a scratch database, too, and compares. Your tables are not touched.'),
      told, h('p', { class: 'actions' }, h('button', { type: 'button', onclick: close }, 'Close'), files, prove)];
  }, again);
}

/* What may restore: a pipeline that replaces tables and asks which backup. */
const restorers = (list) => list.filter((pipeline) => pipeline.kind === 'run' && pipeline.replaces !== false && !pipeline.backups && pipeline.params.some((param) => param.request && param.name === 'backup'));

function restore(all, backup) {
  const choices = restorers(all).filter((pipeline) => may(pipeline, 'run'));
  const told = h('div');
  const preview = h('div', { 'aria-live': 'polite' });
  const form = h('div');
  const begin = h('button', { type: 'button', class: 'danger sure', disabled: true }, 'Restore');
  let chosen = choices[0];
  let inputs = [];
  let seen = null; /* what the preview is of, and what is done */
  const wanted = () => ({ backup: backup.run_id, ...Object.fromEntries(inputs.filter((input) => input.value !== '').map((input) => [input.name, input.value])) });

  const confirmation = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off' });
  const confirm = h('div', { hidden: true });
  const settle = () => { begin.disabled = confirm.hidden || !seen || confirmation.value !== seen.pipeline; };
  confirmation.addEventListener('input', settle);
  const unseen = () => {
    seen = null;
    confirm.hidden = true;
    confirmation.value = '';
    preview.replaceChildren();
    settle();
  };
  const look = h('button', { type: 'button', class: 'primary' }, 'Preview');
  look.addEventListener('click', () => doing(look, told, async () => {
    unseen();
    const asked = seen = { pipeline: chosen.name, params: wanted() };
    const plan = await get(at('pipelines', asked.pipeline, 'plan') + query(asked.params));
    if (seen !== asked) return; /* something else was chosen meanwhile */
    show(preview, h('h3', null, 'What it would do'), plan.text && h('pre', { tabindex: '0', role: 'region', 'aria-label': 'what the restore would do' }, plan.text),
      plan.exit_code !== 0 && h('p', { class: 'note bad', role: 'alert' }, 'It cannot be done: ', value(plan.problem || `the plan ended with exit code ${plan.exit_code}`, 600)));
    if (plan.exit_code !== 0) return;
    show(confirm, h('p', { class: 'note warn' }, 'The rows of these tables are replaced by those of the backup, in one transaction. What was written since is gone. What goes wrong leaves everything as it was.'),
      field(['Type ', name(asked.pipeline), ' to confirm'], confirmation));
    confirm.hidden = false;
    confirmation.focus();
  }));

  const draw = () => {
    const tables = chosen.tables || (Array.isArray(backup.tables) ? backup.tables.map((of) => of.name || of) : null);
    inputs = chosen.params.filter((param) => param.request && param.name !== 'backup').map((param) =>
      paramInput(param.name === 'table' && tables ? { ...param, enum: [...new Set([param.default || '*', ...tables])] } : param));
    for (const input of inputs) input.addEventListener('change', unseen);
    const choose = choices.length > 1 && h('select', { onchange: () => { chosen = choices[choose.selectedIndex]; unseen(); draw(); } }, choices.map((pipeline) => h('option', { value: pipeline.name, selected: pipeline === chosen }, pipeline.name)));
    show(form, choose && field('Pipeline', choose), inputs.map((input) => field(input.name === 'table' ? 'Table (* is all)' : input.name, input)));
  };
  if (chosen) draw();
  modal('Restore this backup', (close) => {
    begin.addEventListener('click', () => doing(begin, told, async () => {
      const run = await post(at('pipelines', seen.pipeline, 'runs'), { params: seen.params });
      close();
      location.hash = `#/runs/${run.run_id}`;
    }));
    return [h('p', null, 'Made ', when(backup.created_at, true), backup.rows !== undefined && `, ${plural(backup.rows, 'row')}`, h('br'), h('code', { class: 'id' }, backup.run_id)),
      chosen ? [form, told, h('p', null, look), preview, confirm, h('p', { class: 'actions' }, h('button', { type: 'button', onclick: close }, 'Not now'), begin)] :
        h('p', { class: 'note warn' }, 'No pipeline that this key may run restores backups: one is needed that replaces tables and has a param backup with request: true, such as the restore pipeline that is shipped.')];
  });
}

async function section(pipeline, all, signal) {
  const place = h('div');
  const id = `backups-of-${pipeline.name}`;
  const draw = async () => {
    let told = null;
    try {
      told = await maybe(at('pipelines', pipeline.name, 'backups'), signal);
    } catch (error) {
      if (signal.aborted) return;
      show(place, trouble(error));
      return;
    }
    if (!told) {
      show(place, h('p', { class: 'soft' }, 'This service does not list backups.'));
      return;
    }
    show(place, h('p', { class: 'soft' }, 'In ', h('code', null, value(told.folder, 200))), told.backups.length ? table(`Backups of ${pipeline.name}`, [
      { title: 'Made', cell: (backup) => [when(backup.created_at), h('span', { class: 'soft' }, ` ${ago(backup.created_at)}`)] },
      { title: 'Tables', number: true, cell: (backup) => count(tablesOf(backup)) },
      { title: 'Rows', number: true, cell: (backup) => [count(backup.rows), backup.rejected > 0 && h('span', { class: 'warn' }, ` (without ${count(backup.rejected)})`)] },
      { title: 'Size', number: true, cell: (backup) => bytes(backup.bytes || 0) },
      { title: 'Proven', cell: proven },
      { title: h('span', { class: 'unseen' }, 'What can be done'), cell: (backup) => h('div', { class: 'actions' },
        backup.complete && may(pipeline, 'run') && h('button', { type: 'button', 'aria-label': `Verify the backup of ${backup.created_at}`, onclick: () => verify(pipeline, backup, draw) }, 'Verify'),
        backup.complete && h('button', { type: 'button', 'aria-label': `Restore the backup of ${backup.created_at}`, onclick: () => restore(all, backup) }, 'Restore'),
        h('a', { class: 'button quiet', href: `#/runs/${backup.run_id}` }, 'Run')) },
    ], told.backups, { stacks: true }) : h('p', { class: 'soft' }, 'No backup yet.'));
  };
  await draw();
  return h('section', { 'aria-labelledby': id }, h('div', { class: 'title' }, h('h2', { id }, value(pipeline.name, 80)), may(pipeline, 'run') && h('button', { type: 'button', class: 'primary', onclick: () => runDialog(pipeline) }, 'Back up now')),
    h('p', { class: 'soft' }, pipeline.description && [value(pipeline.description, 200), ' '], 'Next: ', next(pipeline.schedule)), place);
}

export default async function backups({ signal }) {
  const all = await pipelines(true);
  const those = all.filter((pipeline) => pipeline.backups);
  const sections = [];
  for (const pipeline of those) sections.push(await section(pipeline, all, signal));
  return { title: 'Backups', content: [h('h1', null, 'Backups'), those.length ? h('div', { class: 'stack' }, sections) : h('p', { class: 'soft' }, 'No pipeline of this service that the key may see writes backups.')] };
}
