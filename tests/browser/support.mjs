// A world for the console: pipelines, a service on a free port, a browser that tells everything that should not happen.
// SPDX-License-Identifier: Apache-2.0
import { spawn, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);
export const { TOP, TESTTMP, PENSTOCK, CHROMIUM } = process.env;
export const WORLD = join(TESTTMP, 'world');
export const DB = join(WORLD, 'hr.db');
export const KEY = 'only-for-this-test';
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export function check(condition, what) {
  if (!condition) throw new Error(what);
}
export function equal(got, wanted, what) {
  check(JSON.stringify(got) === JSON.stringify(wanted), `${what}: wanted ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`);
}

/* --- the service --- */

export const put = (name, text) => {
  writeFileSync(join(WORLD, name), text);
  return join(WORLD, name);
};
export const sqlite = (sql) => execFileSync('sqlite3', ['-cmd', '.timeout 10000', DB, sql], { encoding: 'utf8' }).trim();

const running = [];
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Starts `penstock serve`; keys: {key: scopes}. */
export async function serve(name, pipelines, keys) {
  const lines = Object.entries(keys).map(([key, scopes], i) =>
    `  - { name: key-${i}, sha256: ${createHash('sha256').update(key).digest('hex')}, scopes: [${scopes.map((scope) => `"${scope}"`).join(', ')}] }`);
  const file = put(`${name}.yaml`, `version: 1\nlisten: 127.0.0.1:0\npipelines: [${pipelines.join(', ')}]\n${lines.length ? 'keys:\n' + lines.join('\n') : ''}\n`);
  const log = join(WORLD, `${name}.log`);
  const child = spawn(PENSTOCK, ['serve', file], { cwd: WORLD, stdio: ['ignore', 'ignore', openSync(log, 'w')],
    env: { ...process.env, PENSTOCK_DB: `Driver=SQLite3;Database=${DB}` } });
  running.push(child);
  const gone = new Promise((resolve) => child.on('exit', (code, signal) => resolve(signal || code)));
  for (let tries = 0; tries < 600; tries++) {
    const found = /"address":"(http:[^"]*)"/.exec(readFileSync(log, 'utf8'));
    if (found) return { url: found[1], log, stop: () => { child.kill('SIGTERM'); return gone; } };
    check(child.exitCode === null, `serve did not start: ${readFileSync(log, 'utf8')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('serve did not start listening');
}

/* --- the browser --- */

export const browse = () => {
  mkdirSync(join(TESTTMP, 'shots'), { recursive: true });
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args: process.getuid() === 0 ? ['--no-sandbox'] : [] });
};

/** A page that remembers in page.faults what no page of the console may do: dialogs, errors, breaches of the policy, other hosts. */
export async function open(browser, base, { key, width = 1280, scheme = 'light' } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, acceptDownloads: true, reducedMotion: 'reduce' });
  const faults = [];
  await context.addInitScript((given) => {
    if (given) sessionStorage.setItem('penstock.key', given);
    addEventListener('securitypolicyviolation', (event) => console.error(`Content Security Policy: ${event.violatedDirective} ${event.blockedURI}`));
  }, key);
  const page = await context.newPage();
  page.on('dialog', (dialog) => { faults.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on('pageerror', (error) => faults.push(`an error: ${error.message}`));
  page.on('console', (message) => {
    /* Chromium writes a line of its own for each status of 400 and above. */
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) faults.push(message.text());
  });
  page.on('request', (request) => {
    if (!/^(blob|data):/.test(request.url()) && new URL(request.url()).origin !== new URL(base).origin) faults.push(`a request to ${request.url()}`);
  });
  return Object.assign(page, { faults, base, scheme, go: (hash) => go(page, base, hash), done: () => context.close() });
}

/* A new page, also where only what is behind the # differs. */
async function go(page, base, hash) {
  if (page.url().startsWith(base)) {
    await page.evaluate((to) => history.replaceState(null, '', to), hash);
    await page.reload();
  } else await page.goto(`${base}/${hash}`);
  await page.locator('main h1').first().waitFor({ state: 'attached' });
  await page.waitForLoadState('networkidle');
}

export function faultless(page, where) {
  equal(page.faults, [], `faults on ${where}`);
}

/** Nothing serious or critical for axe-core, and it fits. */
export async function accessible(page, where) {
  await fits(page, where);
  await page.evaluate(AXE);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const grave = found.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + ' ' + (node.any[0]?.message || '')).join(' | ')}`);
  equal(grave, [], `axe-core on ${where}`);
}

/** Nothing makes the whole page scroll sideways. */
export async function fits(page, where) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  check(over <= 0, `${where} is ${over} pixels wider than the window`);
}

export const shot = (page, name) => page.screenshot({ path: join(process.env.PENSTOCK_BROWSER_SHOTS || join(TESTTMP, 'shots'), `${name}.png`), fullPage: true });
