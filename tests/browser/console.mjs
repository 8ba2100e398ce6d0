// What a person does in the console, from the first upload to a restored table; then hostile values, and every page in both colour schemes.
// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { DB, KEY, TOP, WORLD, accessible, browse, check, equal, faultless, fits, open, put, serve, shot, sqlite } from './support.mjs';

const DATA = process.env.PENSTOCK_BROWSER_DATA;
const REJECTED = Number(process.env.PENSTOCK_BROWSER_REJECTED);
const { PENSTOCK_BROWSER_LINES: LINES, PENSTOCK_BROWSER_ABOVE: ABOVE } = process.env;
const TABLES = ['departments', 'jobs', 'hired_employees'];
const FULL = Boolean(process.env.PENSTOCK_TEST_FULL);
const MANY = FULL ? 1000000 : 20000;
const FIRST_PAGE_MAX = 200 * 1024;
const VALUE_SIZE = 64 * 1024;
const HOSTILE = ['<script>window.hacked=1</script>', '<img src=x onerror="window.hacked=1">', '"><svg onload=window.hacked=1>', "'; window.hacked=1; '", 'javascript:window.hacked=1',
  '\u202eright to left\u202c\u2066', 'a\u0001b\u007fc\u0085d', '{{constructor.constructor("window.hacked=1")()}}'];
const said = (text) => console.log(text);
const lines = (name) => readFileSync(join(DATA, name + '.csv'), 'utf8').split('\n').filter((line) => line.trim() !== '').length;
const wait = { timeout: 60000 };

/* --- pipelines --- */

const LOAD = `version: 1
name: load
description: Load the three files.
dictionary: ${TOP}/examples/hr/datapackage.yaml
params:
${TABLES.map((table) => `  ${table}: { default: incoming/${table}.csv, upload: true, description: "${table} as CSV without a header" }`).join('\n')}
connections:
  db: { type: odbc, connect: "\${PENSTOCK_DB}" }
state: db
steps:
${TABLES.map((table) => `  - name: ${table}
    source: { type: csv, path: "\${params.${table}}", header: false }
    sink: { type: odbc, connection: db, table: ${table}, create: true }`).join('\n')}
`;

/* Its rows come when the test wants them. */
const ENDLESS = `version: 1
name: endless
dictionary: ${TOP}/examples/hr/datapackage.yaml
connections:
  db: { type: odbc, connect: "\${PENSTOCK_DB}" }
state: db
source: { type: csv, path: endless.fifo, header: false }
rules: { table: jobs }
sink: { type: odbc, connection: db, table: jobs }
`;

const quoted = (text) => JSON.stringify(text).replace(/[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
const HOSTILE_DICTIONARY = `name: hostile
resources:
  - name: values
    description: ${quoted(HOSTILE[0] + HOSTILE[5])}
    schema:
      fields:
        - { name: id, type: integer, description: ${quoted(HOSTILE[1])} }
        - { name: "<img src=x onerror=window.hacked=1>", type: string, constraints: { required: true, maxLength: 10, enum: [${quoted(HOSTILE[2])}] } }
      primaryKey: id
  - name: report
    schema: { fields: [{ name: "<b>record</b>", type: string }, { name: hired, type: integer }] }
`;
const HOSTILE_LOAD = `version: 1
name: hostile
description: ${quoted(HOSTILE[1] + HOSTILE[5])}
dictionary: hostile.dictionary.yaml
params:
  file: { default: incoming/hostile.csv, upload: true, description: ${quoted(HOSTILE[0])} }
  choice: { default: ${quoted(HOSTILE[2])}, request: true, enum: [${quoted(HOSTILE[2])}, ${quoted(HOSTILE[1])}], description: ${quoted(HOSTILE[3])} }
connections:
  db: { type: odbc, connect: "\${PENSTOCK_DB}" }
state: db
steps:
  - name: ${quoted(HOSTILE[0])}
    source: { type: csv, path: "\${params.file}", header: false }
    rules: { table: values }
    sink: { type: odbc, connection: db, table: hostile_values, create: true }
`;
const HOSTILE_REPORT = `version: 1
name: hostile-report
dictionary: hostile.dictionary.yaml
connections:
  db: { type: odbc, connect: "\${PENSTOCK_DB}" }
state: db
source:
  type: odbc
  connection: db
  query: "SELECT record AS \\"<b>record</b>\\", length(record) AS hired FROM penstock_rejects WHERE pipeline = 'hostile' ORDER BY reject_id"
rules: { table: report }
sink: { type: response }
`;

/* --- what a person does --- */

async function giveKey(page, base) {
  await page.goto(base + '/');
  const dialog = page.getByRole('dialog', { name: 'A key is needed' });
  await dialog.getByLabel('Key').fill('not-the-key');
  await dialog.getByRole('button', { name: 'Use this key' }).click();
  await page.getByText('does not know the key').waitFor(wait);
  /* What no header can hold is not kept: every request would fail. */
  await dialog.getByLabel('Key').fill('\u201cnot-the-key\u201d');
  await dialog.getByRole('button', { name: 'Use this key' }).click();
  equal(await dialog.getByLabel('Key').evaluate((input) => [input.validity.customError, sessionStorage.length]), [true, 0], 'a key that is none');
  await dialog.getByLabel('Key').fill(KEY);
  await dialog.getByRole('button', { name: 'Use this key' }).click();
  await page.getByRole('heading', { name: 'Pipelines', exact: true }).waitFor(wait);
  equal(await page.evaluate(() => [sessionStorage.length, localStorage.length, document.cookie]), [1, 0, ''], 'where the key is kept');
}

async function uploadAndRun(page) {
  await page.getByRole('button', { name: 'Run load' }).click();
  const dialog = page.getByRole('dialog', { name: 'Run load' });
  for (const table of TABLES) await dialog.getByLabel(table, { exact: true }).setInputFiles(join(DATA, table + '.csv'));
  await accessible(page, 'the form of a run');
  await shot(page, 'dialog-run');
  await dialog.getByRole('button', { name: 'Upload and run' }).click();
  await page.waitForURL(/#\/runs\/[0-9a-f-]{36}$/, wait);
  await page.locator('.run-head').getByText('succeeded').waitFor(wait);
  const read = TABLES.reduce((all, table) => all + lines(table), 0);
  const books = (await page.locator('section.panel .equation').innerText()).replace(/,/g, '').match(/\d+/g).map(Number);
  equal(books, [read, read - REJECTED, REJECTED, 0], 'read = written + rejected + skipped');
  return page.url().split('#/runs/')[1];
}

async function seeRejects(page, id) {
  await page.getByRole('link', { name: `See ${REJECTED} rejected records` }).click();
  await page.getByRole('heading', { level: 1, name: `${REJECTED} rejected records` }).waitFor(wait);
  await page.locator('tbody tr').nth(REJECTED - 1).waitFor(wait);
  equal(await page.locator('tbody tr').count(), REJECTED, 'rows of rejects');
  equal(await page.evaluate(() => document.activeElement.tagName), 'H1', 'where the focus is on a new page');
  const [line, field, message] = sqlite(`SELECT record, field, message FROM penstock_rejects WHERE run_id = '${id}' ORDER BY reject_id LIMIT 1`).split('|');
  await page.locator('tbody button.link').first().click();
  const dialog = page.getByRole('dialog', { name: 'Rejected record' });
  equal(await dialog.locator('pre').innerText(), line, 'the original record');
  equal((await dialog.locator('.offending dt').allInnerTexts()).map((text) => text.replace(/\s*\(offending\)/, '')), [field], 'the field that is marked');
  check((await dialog.locator('.offending dd').innerText()).includes(message), 'its message');
  await accessible(page, 'a rejected record');
  await shot(page, 'dialog-reject');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  const download = page.waitForEvent('download', wait);
  await page.getByRole('button', { name: 'Export as CSV' }).click();
  const file = readFileSync(await (await download).path(), 'utf8');
  check(/^reject_id,rule,message,/.test(file), `the first line of the export: ${file.slice(0, 80)}`);
  equal(file.trim().split('\n').length, REJECTED + 1, 'lines of the export');
  const rule = (await page.locator('.bars .bar-label a').first().innerText()).trim();
  const number = Number(sqlite(`SELECT count(*) FROM penstock_rejects WHERE run_id = '${id}' AND rule = '${rule}'`));
  await page.locator('.bars .bar-label a').first().click();
  await page.getByRole('link', { name: 'All records' }).waitFor(wait);
  equal(await page.locator('tbody tr').count(), number, `rejects of ${rule}`);
}

/* Rows of CSV, quoted cells with their commas and line ends in them. */
function csv(text) {
  const rows = [[]];
  for (const [, separator, quoted, plain] of text.matchAll(/(^|,|\r?\n)(?:"((?:[^"]|"")*)"|([^",\r\n]*))/g)) {
    if (/\n/.test(separator)) rows.push([]);
    rows[rows.length - 1].push(quoted === undefined ? plain : quoted.replace(/""/g, '"'));
  }
  return rows.filter((row) => row.length > 1);
}
const asCsv = (rows) => rows.map((row) => row.map((cell) => `"${cell.replace(/"/g, '""')}"`).join(',') + '\n').join('');

/* The export of the rejects, with what is missing filled in by hand, goes back through the pipeline. */
async function replay(page, id) {
  await page.go(`#/runs/${id}/rejects?table=hired_employees`);
  const download = page.waitForEvent('download', wait);
  await page.getByRole('button', { name: 'Export as CSV' }).click();
  const [header, ...rows] = csv(readFileSync(await (await download).path(), 'utf8'));
  const taken = new Set(sqlite('SELECT id FROM hired_employees').split('\n'));
  const written = new Map();
  const mended = rows.map((row) => {
    const of = Object.fromEntries(header.map((name, i) => [name, row[i]]));
    Object.assign(of, { name: of.name || '<b>Not known</b>', datetime: /datetime/.test(of.rule) ? '2021-06-01T00:00:00Z' : of.datetime, department_id: /department_id/.test(of.rule) || !of.department_id ? '1' : of.department_id,
      job_id: /job_id/.test(of.rule) || !of.job_id ? '1' : of.job_id });
    if (!taken.has(of.id)) {
      taken.add(of.id);
      written.set(of.id, of.name);
    }
    return header.map((name) => of[name]);
  });
  check(written.size > 10, `only ${written.size} rejects were mended`);
  await page.getByRole('button', { name: 'Replay\u2026' }).click();
  const dialog = page.getByRole('dialog', { name: 'Replay rejected records' });
  await dialog.getByRole('button', { name: 'Upload and replay' }).click();
  await dialog.getByText('choose the mended file first').waitFor(wait);
  const file = dialog.getByLabel('Mended file');
  await file.setInputFiles({ name: 'mended.csv', mimeType: 'text/csv', buffer: Buffer.from('id,name\n1,x\n') });
  await dialog.getByRole('button', { name: 'Upload and replay' }).click();
  await dialog.getByText('reject_id').waitFor(wait);
  await accessible(page, 'a replay');
  await shot(page, 'dialog-replay');
  await file.setInputFiles({ name: 'mended.csv', mimeType: 'text/csv', buffer: Buffer.from(asCsv([header, ...mended])) });
  await dialog.getByRole('button', { name: 'Upload and replay' }).click();
  await page.waitForURL((url) => /#\/runs\/[0-9a-f-]{36}$/.test(url.hash) && !url.hash.endsWith(id), wait);
  await page.locator('.run-head').getByText('succeeded').waitFor(wait);
  check((await page.locator('h1').innerText()).includes('replay'), 'the heading of a replay');
  const books = (await page.locator('section.panel .equation').innerText()).replace(/,/g, '').match(/\d+/g).map(Number);
  equal(books, [rows.length, written.size, rows.length - written.size, 0], 'the books of a replay');
  for (const [key, name] of written) equal(sqlite(`SELECT name FROM hired_employees WHERE id = ${Number(key)}`), name, `employee ${key}`);
  const replayed = page.url().split('#/runs/')[1];
  await page.go(`#/runs/${id}/rejects`);
  equal(await page.locator('tbody').getByRole('link', { name: 'yes' }).count(), written.size, 'rejects that are marked as mended');
  await shot(page, 'rejects-mended');
  await page.go('#/runs');
  check(await page.locator('tbody').getByText('replay', { exact: true }).count() === 1, 'the replay in the history');
  return replayed;
}

/* A run that waits at a pipe is cancelled in the middle. */
async function cancel(page) {
  await page.go('#/');
  await page.getByRole('button', { name: 'Run endless' }).click();
  await page.getByRole('dialog', { name: 'Run endless' }).getByRole('button', { name: 'Run', exact: true }).click();
  await page.waitForURL(/#\/runs\/[0-9a-f-]{36}$/, wait);
  const feed = createWriteStream(join(WORLD, 'endless.fifo'));
  feed.on('error', () => {}); /* the reader goes away */
  feed.write('90001,Cook\n90002,Baker\n');
  await page.locator('.run-head').getByText('running').waitFor(wait);
  await shot(page, 'run-going');
  await accessible(page, 'a run that goes on');
  await page.getByRole('button', { name: 'Cancel this run' }).click();
  await page.locator('.run-head').getByText('cancelled').waitFor(wait);
  feed.destroy();
  check(await page.getByRole('button', { name: 'Cancel this run' }).isHidden(), 'a run that has ended can be cancelled');
  equal(sqlite(`SELECT status FROM penstock_runs WHERE run_id = '${page.url().split('#/runs/')[1]}'`), 'cancelled', 'the history of it');
  equal(sqlite('SELECT count(*) FROM jobs WHERE id > 90000'), '0', 'rows of a run that was cancelled');
  await shot(page, 'run-cancelled');
}

async function backUp(page) {
  await page.getByRole('navigation').getByRole('link', { name: 'Backups' }).click();
  await page.getByText('No backup yet.').waitFor(wait);
  await page.getByRole('button', { name: 'Back up now' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click();
  await page.locator('.run-head').getByText('succeeded').waitFor(wait);
  await page.getByRole('navigation').getByRole('link', { name: 'Backups' }).click();
  await page.getByRole('button', { name: /^Verify the backup/ }).click();
  await page.getByRole('button', { name: 'Prove it by a restore' }).click();
  await page.getByText('It holds: 3 tables').waitFor(wait);
  await accessible(page, 'a proof');
  await page.keyboard.press('Escape');
  await page.locator('tbody').getByText('proven').waitFor(wait);
}

/* A preview that fails, and one of what is chosen no longer by the time that it comes: neither lets anyone restore. */
async function previews(page, dialog, sure) {
  const plans = '**/v1/pipelines/restore/plan*';
  await page.route(plans, (route) => route.fulfill({ json: { text: '', exit_code: 5, problem: 'no such server' } }));
  await dialog.getByRole('button', { name: 'Preview' }).click();
  await dialog.getByText('no such server').waitFor(wait);
  check(await sure.isDisabled() && await dialog.getByLabel(/to confirm/).count() === 0, 'a restore that cannot be');
  await page.unroute(plans);
  let go;
  const late = new Promise((resolve) => { go = resolve; });
  await page.route(plans, async (route) => { await late; await route.continue(); });
  await dialog.getByRole('button', { name: 'Preview' }).click();
  await dialog.getByLabel('Table').selectOption('jobs');
  const came = page.waitForResponse(plans, wait);
  go();
  await came;
  await dialog.getByRole('button', { name: 'Preview' }).and(dialog.locator(':enabled')).waitFor(wait);
  equal(await dialog.locator('pre').count() + await dialog.getByLabel(/to confirm/).count(), 0, 'a preview of something else');
  await page.unroute(plans);
}

async function restore(page) {
  const before = sqlite('SELECT id, name, datetime, department_id, job_id FROM hired_employees ORDER BY id');
  sqlite('DROP TABLE hired_employees');
  await page.getByRole('button', { name: /^Restore the backup/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Restore this backup' });
  const sure = dialog.getByRole('button', { name: 'Restore', exact: true });
  check(await sure.isDisabled(), 'a restore without a preview');
  await previews(page, dialog, sure);
  await dialog.getByLabel('Table').selectOption('hired_employees');
  await dialog.getByRole('button', { name: 'Preview' }).click();
  await dialog.locator('pre').getByText('hired_employees').first().waitFor(wait);
  check(!(await dialog.locator('pre').innerText()).includes('step departments'), 'the preview is of one table');
  await dialog.getByLabel(/to confirm/).waitFor(wait);
  check(await sure.isDisabled(), 'a restore without a confirmation');
  await accessible(page, 'a restore');
  await shot(page, 'dialog-restore');
  await dialog.getByLabel(/to confirm/).fill('restor');
  check(await sure.isDisabled(), 'a restore with half a confirmation');
  await dialog.getByLabel(/to confirm/).fill('restore');
  await sure.click();
  await page.locator('.run-head').getByText('succeeded').waitFor(wait);
  equal(sqlite('SELECT id, name, datetime, department_id, job_id FROM hired_employees ORDER BY id'), before, 'the rows that were lost');
}

async function readReports(page) {
  await page.go('#/reports/hires-by-quarter');
  await page.getByRole('heading', { name: /rows$/ }).waitFor(wait);
  const rows = sqlite("SELECT count(*) FROM (SELECT DISTINCT department_id, job_id FROM hired_employees WHERE substr(datetime, 1, 4) = '2021')");
  if (LINES) equal(rows, LINES, 'the known count of lines');
  equal((await page.getByRole('heading', { name: /rows$/ }).innerText()).replace(/\D/g, ''), rows, 'rows of the report');
  await page.go('#/reports/departments-above-mean');
  await page.locator('tbody tr').first().waitFor(wait);
  const got = (await page.locator('tbody tr').evaluateAll((list) => list.map((row) => [...row.cells].slice(1).map((cell) => cell.innerText).join(' ')))).join(', ');
  if (ABOVE) equal(got, ABOVE, 'departments above the mean');
  const download = page.waitForEvent('download', wait);
  await page.getByRole('button', { name: 'CSV' }).click();
  check(readFileSync(await (await download).path(), 'utf8').startsWith('id,department,hired'), 'the report as CSV');
}

async function dictionary(page) {
  await page.go('#/dictionary/load');
  const text = await page.locator('main').innerText();
  for (const table of TABLES) check(text.includes(table), `the dictionary lacks ${table}`);
  for (const described of ['The parts of the company.', 'number of the department', 'One row for each person hired.', 'first and last name']) check(text.includes(described), `the dictionary lacks "${described}"`);
  await page.locator('summary').first().click();
  check((await page.locator('main').innerText()).includes('departments.id.primary-key'), 'the rules of a field');
}

/* --- hostile values --- */

async function hostile(page) {
  const rows = [...HOSTILE, 'x'.repeat(VALUE_SIZE), '\u202e'.repeat(400), 'w\u0301'.repeat(2000)].map((text, i) => `${i + 1},"${text.replace(/"/g, '""')}"`);
  rows.push('"unreadable', '<script>window.hacked=1</script>,2,3,4');
  await page.go('#/');
  await page.getByRole('button', { name: 'Run hostile' }).click();
  const dialog = page.getByRole('dialog', { name: 'Run hostile' });
  await dialog.getByLabel('file', { exact: true }).setInputFiles({ name: '<img src=x onerror=alert(1)>.csv', mimeType: 'text/csv', buffer: Buffer.from(rows.join('\n') + '\n') });
  await shot(page, 'dialog-hostile');
  await dialog.getByRole('button', { name: 'Upload and run' }).click();
  await page.locator('.run-head').getByText('succeeded').waitFor(wait);
  await accessible(page, 'a hostile run');
  const id = page.url().split('#/runs/')[1];
  await page.go(`#/runs/${id}/rejects`);
  const all = await page.locator('tbody button.link[aria-label]').count();
  check(all >= HOSTILE.length + 3, `only ${all} hostile records were rejected`);
  await page.locator('tbody button.link[aria-label]').first().click();
  for (let i = 0; i < all; i++) {
    await page.locator('.dialog p').getByText(`${i + 1} of the ${all} loaded`).waitFor(wait);
    const more = page.locator('dialog button[aria-expanded=false]');
    while (await more.count() > 0) await more.first().click();
    const over = await page.locator('dialog').evaluate((dialog_) => [dialog_.scrollWidth - dialog_.clientWidth, document.documentElement.scrollWidth - innerWidth]);
    check(over[0] <= 0 && over[1] <= 0, `hostile record ${i + 1} breaks the layout: ${over}`);
    if (i === 0 || i === 5 || i === 8) await shot(page, `hostile-${i + 1}`);
    if (i + 1 < all) await page.getByRole('button', { name: /^Next/ }).click();
  }
  await page.keyboard.press('Escape');
  for (const hash of ['#/', `#/runs/${id}`, `#/runs/${id}/rejects`, '#/dictionary/hostile', '#/dictionary', '#/reports/hostile-report', '#/runs?pipeline=' + encodeURIComponent(HOSTILE[1]),
    '#/reports/' + encodeURIComponent(HOSTILE[0]), '#/' + encodeURIComponent(HOSTILE[2]), '#/runs/%E0%A4%A']) {
    await page.go(hash);
    await accessible(page, hash);
  }
  equal(await page.evaluate(() => window.hacked), undefined, 'something of a hostile value was run');
  check(await page.evaluate(() => document.querySelectorAll('main script, main img, main iframe, main object').length) === 0, 'markup of a value became elements');
}

/* --- every page --- */

async function everyPage(browser, base, id) {
  const pages = { overview: '#/', runs: '#/runs', run: `#/runs/${id}`, rejects: `#/runs/${id}/rejects`, backups: '#/backups', reports: '#/reports', report: '#/reports/hires-by-quarter', dictionary: '#/dictionary/load' };
  for (const scheme of ['light', 'dark'])
    for (const width of [1280, 390]) {
      const page = await open(browser, base, { key: KEY, width, scheme });
      for (const [name, hash] of Object.entries(pages)) {
        await page.go(hash);
        await accessible(page, `${name}, ${scheme}, ${width}`);
        await shot(page, `${name}-${width}-${scheme}`);
      }
      faultless(page, `${scheme} ${width}`);
      await page.done();
    }
  return Object.keys(pages).length;
}

/* A run with so many rejects in the store: each page is there as soon as with a few. */
async function crowded(browser, base, id) {
  const run = '01fffffe-0000-7000-8000-000000000000';
  const columns = sqlite("SELECT group_concat(name, ', ') FROM pragma_table_info('penstock_rejects') WHERE name NOT IN ('reject_id', 'run_id', 'record_no')");
  sqlite(`INSERT INTO penstock_runs (run_id, kind, pipeline, status, started_at, finished_at, read_rows, written_rows, rejected_rows, skipped_rows, exit_code, summary)
    SELECT '${run}', kind, pipeline, status, started_at, finished_at, ${MANY}, 0, ${MANY}, 0, 0, json_set(summary, '$.steps', json('${JSON.stringify([{ name: 'hired_employees', table: 'hired_employees', status: 'succeeded',
  read: MANY, written: 0, rejected: MANY, skipped: 0, rejects_by_rule: { 'hired_employees.job_id.required': MANY } }])}')) FROM penstock_runs WHERE run_id = '${id}';
    WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ${MANY})
    INSERT INTO penstock_rejects (run_id, record_no, ${columns}) SELECT '${run}', n, ${columns} FROM number, (SELECT * FROM penstock_rejects WHERE rule = 'hired_employees.job_id.required' LIMIT 1)`);
  const page = await open(browser, base, { key: KEY });
  const took = {};
  for (const hash of ['#/runs', `#/runs/${run}`, `#/runs/${run}/rejects`, `#/runs/${run}/rejects?rule=hired_employees.job_id.required`]) {
    const times = [];
    for (let i = 0; i < 3; i++) {
      await page.go('#/reports');
      const begun = performance.now();
      await page.evaluate((to) => { location.hash = to; }, hash);
      await page.locator('main').getByText(MANY.toLocaleString('en-US')).first().waitFor(wait);
      if (/rejects/.test(hash)) await page.locator('tbody tr').nth(99).waitFor(wait);
      times.push(performance.now() - begun);
    }
    took[hash.replace(run, 'ID')] = Math.round(Math.min(...times));
  }
  said(`${MANY} rejects of a run; milliseconds: ${JSON.stringify(took)}`);
  check(!FULL || Math.max(...Object.values(took)) < 1000, 'a page takes longer than a second');
  faultless(page, 'pages of many rejects');
  await page.done();
}

async function keyboardOnly(browser, base) {
  const page = await open(browser, base, { key: KEY });
  await page.go('#/');
  await page.keyboard.press('Tab');
  equal(await page.evaluate(() => document.activeElement.className), 'skip', 'the first thing that Tab reaches');
  await page.keyboard.press('Enter');
  equal(await page.evaluate(() => document.activeElement.id), 'main', 'where the skip link leads');
  await page.getByRole('button', { name: 'Run load' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Run load', 'the focus after a dialog');
  await page.getByRole('button', { name: 'Forget key' }).click();
  await page.getByRole('dialog', { name: 'A key is needed' }).waitFor(wait);
  equal(await page.evaluate(() => sessionStorage.length), 0, 'the key is forgotten');
  faultless(page, 'the keyboard');
  await page.done();
}

/* A key that may only read is offered nothing that it may not do. */
async function reader(browser, base) {
  const page = await open(browser, base, { key: 'reader' });
  await page.go('#/');
  equal(await page.getByRole('button', { name: /^Run / }).count(), 0, 'buttons to run for a key that may not');
  await page.go('#/backups');
  equal(await page.getByRole('button', { name: /^(Back up|Verify)/ }).count(), 0, 'buttons to back up for a key that may not');
  faultless(page, 'a key that reads');
  await page.done();
}

async function withoutKeys(browser, pipelines) {
  const service = await serve('open', pipelines, {});
  const page = await open(browser, service.url);
  await page.go('#/');
  equal(await page.getByRole('dialog').count(), 0, 'a key is asked for where there are none');
  check(await page.getByRole('link', { name: /^last run of load/ }).count() === 1, 'the last run without keys');
  await page.go('#/runs');
  await accessible(page, 'runs without keys');
  faultless(page, 'a service without keys');
  await page.done();
  equal(await service.stop(), 0, 'the end of the service without keys');
}

/* A proxy that has the service below a path of its own. */
async function below(browser, base) {
  const front = http.createServer((asked, answer) => {
    if (!asked.url.startsWith('/etl/')) return answer.writeHead(404).end();
    return asked.pipe(http.request(base + asked.url.slice(4), { method: asked.method, headers: asked.headers }, (got) => got.pipe(answer.writeHead(got.statusCode, got.headers))));
  });
  await new Promise((resolve) => { front.listen(0, '127.0.0.1', resolve); });
  const page = await open(browser, `http://127.0.0.1:${front.address().port}/etl`, { key: KEY });
  await page.go('#/');
  check(await page.getByRole('link', { name: /^last run of load/ }).count() === 1, 'the last run below a path');
  await page.go('#/dictionary/load');
  check((await page.locator('main').innerText()).includes('hired_employees'), 'the dictionary below a path');
  faultless(page, 'a service below a path');
  await page.done();
  front.closeAllConnections();
  front.close();
}

async function sizes(browser, base) {
  const page = await open(browser, base, { key: KEY });
  const wire = await page.context().newCDPSession(page);
  let bytes = 0;
  await wire.send('Network.enable');
  wire.on('Network.loadingFinished', (event) => { bytes += event.encodedDataLength; });
  await page.go('#/');
  check(bytes > 10000 && bytes < FIRST_PAGE_MAX, `the first page has ${bytes} bytes in all, of at most ${FIRST_PAGE_MAX}`);
  await page.done();
  const agent = new http.Agent({ keepAlive: true });
  const took = [];
  for (let i = 0; i < 20; i++) {
    const begun = performance.now();
    await new Promise((resolve, reject) => http.get(base + '/', { agent }, (answer) => answer.resume().on('end', resolve)).on('error', reject));
    took.push(performance.now() - begun);
  }
  agent.destroy();
  said(`the first page: ${bytes} bytes in all; / in ${took.sort((a, b) => a - b)[10].toFixed(1)} ms (median of 20)`);
}

async function main() {
  mkdirSync(join(WORLD, 'incoming'), { recursive: true });
  put('hostile.dictionary.yaml', HOSTILE_DICTIONARY);
  const shipped = ['ingest.yaml', 'backup.yaml', 'restore.yaml', 'reports/hires-by-quarter.yaml', 'reports/departments-above-mean.yaml'].map((name) => `${TOP}/pipelines/${name}`);
  execFileSync('mkfifo', [join(WORLD, 'endless.fifo')]);
  const pipelines = [put('load.yaml', LOAD), put('endless.yaml', ENDLESS), put('hostile.yaml', HOSTILE_LOAD), put('hostile-report.yaml', HOSTILE_REPORT), ...shipped];
  const service = await serve('serve', pipelines, { [KEY]: ['*:*'], reader: ['read:*'] });
  const browser = await browse();
  said(`chromium ${browser.version()}, ${DB}`);
  const page = await open(browser, service.url);
  let id = null;
  const parts = [
    ['a key is asked for, once', () => giveKey(page, service.url)], ['three files are uploaded and loaded', async () => { id = await uploadAndRun(page); }],
    [`${REJECTED} rejects, one opened, exported, filtered`, () => seeRejects(page, id)], ['a run is cancelled', () => cancel(page)], ['a backup, and its proof', () => backUp(page)], ['a lost table is restored', () => restore(page)],
    ['both reports', () => readReports(page)], ['mended rejects are replayed', () => replay(page, id)], ['the dictionary', () => dictionary(page)], ['hostile values', () => hostile(page)], ['no fault of a page', async () => faultless(page, 'the way')],
    ['every page in two sizes and two colour schemes', () => everyPage(browser, service.url, id)], ['the keyboard', () => keyboardOnly(browser, service.url)], ['a key that may only read', () => reader(browser, service.url)], ['many rejects', () => crowded(browser, service.url, id)],
    ['below a path of a proxy', () => below(browser, service.url)], ['sizes', () => sizes(browser, service.url)], ['a service without keys', () => withoutKeys(browser, pipelines)],
  ];
  for (const [what, work] of parts) {
    const begun = performance.now();
    try {
      await work();
    } catch (error) {
      await shot(page, 'failed').catch(() => {});
      console.error(`FAIL: ${what}: ${error.message}\n${(error.stack || '').split('\n').filter((line) => /console\.mjs/.test(line)).join('\n')}\nfaults: ${page.faults.join('; ')}`);
      process.exit(1);
    }
    said(`${what}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  }
  await browser.close();
  equal(await service.stop(), 0, 'the end of the service');
}

await main();
