import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkValues, inspectStatement, splitStatements } from './portable-sql.ts';

test('a migration file is cut at semicolons, but not inside quotes or comments', () => {
  const text = `-- first; not a statement
create table a (b text default ';''--'); /* ; */
create index "odd;name" on a (b) -- last; one
;
insert into a (b) values ('x/*y*/z');`;
  assert.deepEqual(splitStatements(text), [
    "create table a (b text default ';''--')",
    'create index "odd;name" on a (b)',
    "insert into a (b) values ('x/*y*/z')",
  ]);
});

test('a quotation mark that is never closed is an error, not half a statement', () => {
  assert.throws(() => splitStatements("insert into a (b) values ('oops); drop table a"), /never closed/);
});

test('two statements in one text are refused, because SQLite would ignore the second', () => {
  assert.throws(() => inspectStatement('delete from a where id = $1; delete from b'), /one statement/);
  assert.throws(() => inspectStatement(' -- nothing'), /one statement/);
  assert.equal(inspectStatement('select 1;').parameters, 0);
});

test('parameters are counted by the highest number, outside quoted text', () => {
  assert.equal(inspectStatement("select $2, $1, $2 where a = '$9' and b = '$argon2id$v=19' -- $7").parameters, 2);
});

test('by position, every parameter stands for itself and what is quoted stays as it is', () => {
  const { sql, places } = inspectStatement('select $2, $1, $2 where a = \'$9\' and b = "$3" -- $7').positional;
  assert.deepEqual([sql, places], ['select ?, ?, ? where a = \'$9\' and b = "$3"', [2, 1, 2]]);
});

test('only a statement that cannot write counts as a query', () => {
  for (const query of ['select 1', ' SELECT a FROM b', 'with x as (select 1) select * from x', "select 'update'"]) {
    assert.equal(inspectStatement(query).reads, true, query);
  }
  for (const write of [
    'update a set b = 1',
    'insert into a (b) select 1',
    'with gone as (delete from a returning b) select b from gone',
    'with x as (select 1) insert into a (b) select * from x',
    'pragma synchronous',
    'create table a (b text)',
  ]) {
    assert.equal(inspectStatement(write).reads, false, write);
  }
});

test('values that the two databases would treat differently are refused', () => {
  const check = (parameters: number, values: readonly (string | number | null)[]) => () => checkValues('select $1', parameters, values);
  assert.throws(check(2, ['a']), /1 values for 2 parameters/);
  assert.throws(check(1, ['a', 'b']), /2 values for 1 parameters/);
  for (const value of [1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) assert.throws(check(1, [value]), /whole numbers/);
  assert.throws(check(1, ['a\0b']), /NUL/);
  assert.doesNotThrow(check(3, ['', 2 ** 53 - 1, null]));
});
