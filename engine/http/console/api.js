// Requests to the service: the key of this tab, problems as errors, uploads, and the events of a run.
// SPDX-License-Identifier: Apache-2.0

const KEY = 'penstock.key';
const POLL_MS = 700;
let asking = null;
let ask = async () => null;

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export const keys = {
  get: () => sessionStorage.getItem(KEY),
  set: (key) => sessionStorage.setItem(KEY, key),
  forget: () => sessionStorage.removeItem(KEY),
  /** How a key is asked for: a function that gives one, or null. */
  asker: (function_) => { ask = function_; },
};

const path = (parts) => parts.map((part) => encodeURIComponent(part)).join('/');
/* The service may be below a path of a proxy, as the files of the console then are. */
const below = (rest) => new URL('../' + rest, import.meta.url).pathname;
/** at('runs', id, 'rejects') is /v1/runs/ID/rejects. */
export const at = (...parts) => below('v1/' + path(parts));

export function query(values) {
  const pairs = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== '');
  return pairs.length ? '?' + pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&') : '';
}

function headers(more) {
  const key = keys.get();
  return key ? { Authorization: 'Bearer ' + key, ...more } : { ...more };
}

function problem(status, text, fallback) {
  let detail = '';
  try {
    detail = JSON.parse(text).detail;
  } catch {
    /* Whatever stands in front of the service may answer with something else. */
  }
  return new Problem(status, detail || fallback || `the service answered with status ${status}`);
}

/* One question at a time, however many requests were refused. */
function askOnce(why) {
  asking = asking || ask(why).finally(() => { asking = null; });
  return asking;
}

/** The Response of a request that went well; else a Problem is thrown. A GET that is refused for want of a key asks for one, and is sent again. */
export async function request(method, url, { body, type, signal, again = true } = {}) {
  let response;
  const sent = keys.get();
  try {
    response = await fetch(url, { method, signal, body, cache: 'no-store', credentials: 'omit', headers: headers(type ? { 'Content-Type': type } : {}) });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0, 'the service cannot be reached; is it running?');
  }
  if (response.ok) return response;
  const refused = problem(response.status, await response.text());
  if (response.status === 401 && again && (method === 'GET' || sent)) {
    if (sent && sent === keys.get()) keys.forget();
    if (keys.get() || await askOnce(sent ? 'The service does not know the key of this tab.' : ''))
      return request(method, url, { body, type, signal, again });
  }
  throw refused;
}

export const get = async (url, signal) => (await request('GET', url, { signal })).json();

export async function post(url, value) {
  const response = await request('POST', url, value === undefined ? {} : { body: JSON.stringify(value), type: 'application/json' });
  return response.json();
}

/** Of what this service may not have yet: null where it is not there, or does not know what is asked. */
export async function maybe(url, signal) {
  try {
    return await get(url, signal);
  } catch (error) {
    if ([404, 405, 422].includes(error.status)) return null;
    throw error;
  }
}

let paths = null;
/** Whether the service has a path, such as /v1/runs/{run}/replay: it describes itself. */
export async function has(pattern) {
  paths = paths || maybe(below('openapi.json')).catch(() => null);
  const described = await paths;
  return !described || pattern in described.paths;
}

let known = null;
/** The pipelines that this key may see; of a moment ago, unless fresh. */
export async function pipelines(fresh = false) {
  if (fresh || !known || Date.now() - known.at > 5000) known = { at: Date.now(), list: (await get(at('pipelines'))).pipelines };
  return known.list;
}
export const forgetPipelines = () => { known = null; };
export const pipelineNamed = async (wanted) => (await pipelines()).find((pipeline) => pipeline.name === wanted);
/** What a service does not say is left to its answer. */
export const may = (pipeline, verb) => !pipeline || !pipeline.may || pipeline.may.includes(verb);

/** Sends a file; onProgress is called with a share from 0 to 1. */
export function upload(url, file, onProgress, method = 'PUT') {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open(method, url);
    for (const [header, value] of Object.entries(headers({ 'Content-Type': 'text/csv' }))) sending.setRequestHeader(header, value);
    sending.upload.addEventListener('progress', (event) => event.lengthComputable && onProgress(event.loaded / event.total));
    sending.addEventListener('error', () => reject(new Problem(0, 'the upload broke off')));
    sending.addEventListener('load', () => {
      if (sending.status >= 200 && sending.status < 300) resolve(JSON.parse(sending.responseText));
      else reject(problem(sending.status, sending.responseText));
    });
    sending.send(file);
  });
}

/** Gives the browser a file to save, which a link could not: a link has no key. */
export async function download(url, filename) {
  const blob = await (await request('GET', url)).blob();
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/* --- a run that goes on --- */

const pause = (ms, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
});

/* EventSource could not present a key. */
async function listen(id, signal, onRun) {
  const response = await request('GET', at('runs', id, 'events'), { signal });
  if (!(response.headers.get('Content-Type') || '').startsWith('text/event-stream')) throw new Problem(406, 'no events');
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  let last = null;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return last;
    text += value.replace(/\r/g, '');
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const data = text.slice(0, end).split('\n').filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trimStart()).join('\n');
      text = text.slice(end + 2);
      if (data) {
        last = JSON.parse(data);
        onRun(last);
      }
    }
  }
}

/** Calls onRun with the run whenever it changed, until it has ended: by events, or where they cannot be had by asking. */
export async function follow(id, signal, onRun) {
  let events = true;
  while (!signal.aborted) {
    let run = null;
    try {
      if (events) run = await listen(id, signal, onRun);
    } catch (error) {
      if (signal.aborted) return;
      events = error.status === 0 || error.status === undefined;
    }
    if (signal.aborted || (run && run.status !== 'running')) return;
    await pause(POLL_MS, signal);
    if (signal.aborted) return;
    try {
      run = await get(at('runs', id), signal);
      onRun(run);
      if (run.status !== 'running') return;
    } catch (error) {
      if (signal.aborted || (error.status && error.status !== 503 && error.status !== 429)) throw error;
      await pause(POLL_MS * 3, signal);
    }
  }
}
