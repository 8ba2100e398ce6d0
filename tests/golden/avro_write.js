// Prints what avsc (npm) reads of an Avro file: its schema, then a row a line, values as they are stored.
// usage: node avro_write.js FOLDER_OF_NODE_MODULES FILE
// SPDX-License-Identifier: Apache-2.0
'use strict';
const path = require('path');
const avsc = require(path.join(process.argv[2], 'node_modules', 'avsc'));

// All 64 bits of a long; by itself avsc refuses what a number of JavaScript cannot hold.
const long = avsc.types.LongType.__with({
  fromBuffer: (buffer) => buffer.readBigInt64LE(),
  toBuffer: (value) => { const buffer = Buffer.alloc(8); buffer.writeBigInt64LE(value); return buffer; },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value) => typeof value === 'bigint',
  compare: (a, b) => (a === b ? 0 : a < b ? -1 : 1),
});

function plain(value) {
  if (typeof value === 'bigint') return value.toString();
  if (Buffer.isBuffer(value)) return value.toString('hex');
  return value;
}

// Also where a logical type stands around it.
const typeHook = (schema) => (schema === 'long' || schema.type === 'long' ? long : undefined);

const lines = [];
avsc.createFileDecoder(process.argv[3], {
  parseHook: (schema) => { lines.push(JSON.stringify(schema)); return avsc.Type.forSchema(schema, { typeHook }); },
}).on('data', (row) => lines.push(JSON.stringify(Object.values(row).map(plain))))
  .on('end', () => process.stdout.write(lines.join('\n') + '\n'));
