// A rejected record taken apart into its cells, and which of them offended; where that is uncertain no cell is named.
// SPDX-License-Identifier: Apache-2.0
import { at, keys, maybe } from './api.js';

const DELIMITERS = [',', ';', '\t', '|'];

/* One line of CSV as RFC 4180 has it; what is broken is taken as it stands. */
function split(text, delimiter) {
  const cells = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') cell += text[++i];
      else if (c === '"') quoted = false;
      else cell += c;
    } else if (c === '"' && cell === '') quoted = true;
    else if (c === delimiter) {
      cells.push(cell);
      cell = '';
    } else cell += c;
  }
  cells.push(cell);
  return cells;
}

/* Numbers keep the digits that they have. */
const digits = (key, item, context) => typeof item === 'number' && context && context.source !== undefined && String(item) !== context.source ? context.source : item;

function parsed(text) {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    return JSON.parse(text, digits);
  } catch {
    return null;
  }
}

const same = (cell, violation) => {
  const text = cell === null || cell === undefined ? '' : typeof cell === 'object' ? JSON.stringify(cell) : String(cell);
  const told = violation.value ?? '';
  return violation.truncated ? text.startsWith(told) : text.trim() === told.trim();
};

/** [{label, cell, violations}] of a reject; null where the record is not there. names: the fields of its table, in their order, or null. */
export function cellsOf(reject, names) {
  const { record } = reject;
  const violations = reject.violations || [];
  if (record === null || record === undefined) return null;
  const read = parsed(record);
  if (read !== null && !Array.isArray(read))
    return [...Object.entries(read).map(([label, cell]) => ({ label, cell, violations: violations.filter((violation) => violation.field === label) })),
      ...[...new Set(violations.map((violation) => violation.field))].filter((field) => field && !(field in read))
        .map((label) => ({ label, missing: true, violations: violations.filter((violation) => violation.field === label) }))];
  let cells = read;
  if (!cells) {
    const fits = DELIMITERS.map((delimiter) => split(record, delimiter));
    cells = fits.find((some) => names && some.length === names.length) || fits.reduce((most, some) => (some.length > most.length ? some : most));
  }
  /* The order of the source may be another one than that of the fields: then the values that were refused do not stand where they should. */
  const placed = names && cells.length <= names.length + 1 && violations.every((violation) => {
    const index = names.indexOf(violation.field);
    return index < 0 || index >= cells.length || same(cells[index], violation);
  });
  const out = cells.map((cell, i) => ({
    label: placed && names[i] !== undefined ? names[i] : null, cell,
    violations: placed ? violations.filter((violation) => violation.field && violation.field === names[i]) :
      violations.filter((violation) => violation.value && same(cell, violation)),
  }));
  if (placed)
    for (const label of names.slice(cells.length)) out.push({ label, missing: true, violations: violations.filter((violation) => violation.field === label) });
  return out;
}

const known = new Map();

/** The dictionary of a pipeline as this key may see it, or null where it cannot be had. */
export function dictionaryOf(pipeline) {
  const id = JSON.stringify([keys.get(), pipeline]);
  if (!known.has(id)) {
    known.set(id, maybe(at('pipelines', pipeline, 'dictionary')).catch(() => {
      known.delete(id); /* it may be had another time */
      return null;
    }));
  }
  return known.get(id);
}

/** The names of the fields of a reject's table; its rule begins with the table of the dictionary, which the target's may not be called. */
export async function fieldsOf(pipeline, reject) {
  const dictionary = await dictionaryOf(pipeline);
  const tables = dictionary ? dictionary.tables : [];
  const found = tables.filter((item) => reject.rule.startsWith(item.name + '.')).sort((a, b) => b.name.length - a.name.length)[0] || tables.find((item) => item.name === reject.table_name);
  return found ? found.fields.map((field) => field.name) : null;
}
