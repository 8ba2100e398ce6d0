// The dictionary of a pipeline: its tables, their fields, keys and rules.
// SPDX-License-Identifier: Apache-2.0
import { may, pipelineNamed, pipelines } from './api.js';
import { h, name, plural, value } from './dom.js';
import { table } from './parts.js';
import { dictionaryOf } from './record.js';

export async function list() {
  const all = (await pipelines()).filter((pipeline) => may(pipeline, 'read'));
  return {
    title: 'Dictionary',
    content: [h('h1', null, 'Dictionary'), h('p', { class: 'soft' }, 'What each pipeline takes its records to be: tables, fields, and the rules that they are judged by.'),
      all.length ? h('ul', { class: 'cards' }, all.map((pipeline) => h('li', { class: 'card' }, h('div', { class: 'card-name' }, h('h3', null, h('a', { href: `#/dictionary/${encodeURIComponent(pipeline.name)}` }, value(pipeline.name, 80)))),
        h('div', { class: 'card-last soft' }, value(pipeline.description || '', 200))))) : h('p', { class: 'soft' }, 'This key may read no pipeline.')],
  };
}

const constraint = ([key, of]) => h('span', { class: 'constraint' }, of === true ? value(key, 40) : [value(key, 40), ' ', name(Array.isArray(of) ? of.join(', ') : of)]);
const listed = (items) => items.map((item, i) => [i > 0 && h('br'), item]);
const many = (given) => (given === null || given === undefined ? [] : Array.isArray(given) ? given : [given]);

function keys(of) {
  const lines = [];
  if (many(of.primary_key).length) lines.push(['primary key', many(of.primary_key).map((part) => name(part))]);
  for (const key of many(of.unique_keys)) lines.push(['unique', many(key).map((part) => name(part))]);
  for (const key of many(of.foreign_keys)) {
    const to = key.reference || {};
    lines.push(['refers', [...many(key.fields).map((part) => name(part)), ' to ', name(to.resource || key.table || of.name), ' ', ...many(to.fields || key.references).map((part) => name(part))]]);
  }
  return lines.length ? h('ul', { class: 'plain' }, lines.map(([what, parts]) => h('li', null, h('span', { class: 'soft' }, what, ' '), parts.map((part, i) => [i > 0 && ' ', part])))) : null;
}

function tableOf(of) {
  const id = `table-${of.name}`;
  const ofTable = many(of.rules);
  return h('section', { 'aria-labelledby': id }, h('h2', { id }, name(of.name)), of.description && h('p', { class: 'soft' }, value(of.description, 400)), keys(of),
    table(`Fields of ${of.name}`, [
      { title: 'Field', cell: (part) => name(part.name) },
      { title: 'Type', cell: (part) => [value(part.type, 40), part.format && part.format !== 'default' && h('span', { class: 'soft' }, ' ', value(part.format, 40))] },
      { title: 'Constraints', cell: (part) => Object.keys(part.constraints || {}).length ? listed(Object.entries(part.constraints).map(constraint)) : h('span', { class: 'none' }, '\u2013') },
      of.fields.some((part) => part.description) && { title: 'Meaning', wide: true, cell: (part) => part.description ? value(part.description, 300) : h('span', { class: 'none' }, '\u2013') },
      { title: 'Rules', wide: true, cell: (part) => many(part.rules).length ? h('details', null, h('summary', null, plural(part.rules.length, 'rule')), h('ul', { class: 'plain' }, part.rules.map((rule) => h('li', null, name(rule.id), h('br'), h('span', { class: 'soft' }, value(rule.text, 300)))))) : h('span', { class: 'none' }, '\u2013') },
    ].filter(Boolean), of.fields, { stacks: true }),
    ofTable.length > 0 && h('details', null, h('summary', null, `${plural(ofTable.length, 'rule')} of the whole record`), h('ul', { class: 'plain' }, ofTable.map((rule) => h('li', null, name(rule.id), ' ', h('span', { class: 'soft' }, value(rule.text, 300)))))));
}

export default async function page({ parts: [, wanted] }) {
  const [pipeline, dictionary] = await Promise.all([pipelineNamed(wanted), dictionaryOf(wanted)]);
  return {
    title: `Dictionary of ${wanted}`,
    content: [h('p', { class: 'crumbs' }, h('a', { href: '#/dictionary' }, 'Dictionary'), ' / '), h('h1', null, value(wanted, 80)), pipeline && pipeline.description && h('p', { class: 'soft' }, value(pipeline.description, 300)),
      dictionary ? (dictionary.tables.length ? h('div', { class: 'stack' }, dictionary.tables.map(tableOf)) : h('p', { class: 'soft' }, 'It has no dictionary.')) : h('p', { class: 'soft' }, 'The dictionary of this pipeline cannot be had here.')],
  };
}
