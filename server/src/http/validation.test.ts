import assert from 'node:assert/strict';
import diagnostics from 'node:diagnostics_channel';
import { test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { freshDatabase } from '../../test/databases.ts';
import { openWorld } from '../../test/world.ts';
import { AJV, compileAtFirstUse } from './validation.ts';

const PARTS = ['params', 'body', 'querystring', 'headers'] as const;
const compile = compileAtFirstUse({}, AJV);

/** Whether a value passes; throws when the schema itself cannot be compiled. */
function allows(schema: object, value: unknown): boolean {
  return compile(schema)(value) === true;
}

/** Every schema that a whole Portico registers, the hidden ones too, by where it stands. */
async function registeredSchemas(): Promise<ReadonlyMap<string, object>> {
  const found = new Map<string, object>();
  const listen = (message: unknown) => {
    const { fastify } = message as { readonly fastify: FastifyInstance };
    fastify.addHook('onRoute', ({ method, url, schema }) => {
      for (const part of PARTS) {
        const one = schema?.[part];
        if (one !== undefined) found.set(`${String(method)} ${url} ${part}`, one as object);
      }
    });
  };
  const fresh = await freshDatabase('sqlite');
  diagnostics.subscribe('fastify.initialization', listen);
  try {
    const world = await openWorld(fresh.db);
    await world.close();
  } finally {
    diagnostics.unsubscribe('fastify.initialization', listen);
    await fresh.drop();
  }
  return found;
}

test('every registered schema can be compiled', async () => {
  const schemas = await registeredSchemas();
  assert.ok(schemas.size > 100, `only ${schemas.size} schemas are registered`);
  for (const [where, schema] of schemas) assert.doesNotThrow(() => allows({ schema }, {}), where);
});

test('a schema is compiled at its first value, and a broken one is an error there', () => {
  const validate = compile({ schema: { type: 'object', properties: { name: { type: 'strin' } } } });
  assert.throws(() => validate({ name: 'Ada' }), /schema is invalid/);
});

test('what is wrong with a value is told, and forgotten with the next value', () => {
  const validate = compile({ schema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] } });
  assert.equal(validate({}), false);
  assert.match(String(validate.errors?.[0]?.message), /must have required property 'name'/);
  assert.equal(validate({ name: 7 }), false);
  assert.match(String(validate.errors?.[0]?.message), /must be string/);
  assert.equal(validate({ name: 'Ada' }), true);
  assert.equal(validate.errors, null);
});
