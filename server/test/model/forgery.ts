import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import { formatRefreshToken } from '../../src/sessions/refresh-chain.ts';
import { ask, readOutcome } from './ask.ts';
import { type Command, command } from './commands.ts';
import { count, newAttempt, type Request, readRows, requireParsed, secretOf } from './history.ts';
import { interleave } from './interleaving.ts';
import { NATIVE_CLIENT, type System } from './system.ts';

/** I8: what we did not issue, or not to this client, changes nothing. */

export type Forgery =
  | { readonly kind: 'a flipped bit'; readonly at: number }
  | { readonly kind: 'cut off'; readonly at: number }
  | { readonly kind: 'another key' }
  | { readonly kind: 'another client' };

export function forge(forgery: Forgery): Command {
  return command({
    name: `forge(${JSON.stringify(forgery)})`,
    run: async (m, system) => {
      const before = await readRows(system, m.rows.family.id);
      const token = forgedFrom(system, m.owner.jar.token, forgery);
      const at = forgery.kind === 'another client' ? otherClient(system) : system;
      const request: Request = {
        party: 'thief',
        call: 'refresh',
        holding: { ...m.owner.jar, token },
        attempt: newAttempt(m.owner.jar.gen),
        withDevice: true,
      };
      const [node] = system.nodes;
      const [ran] = await interleave(system.ground.db, [{ now: node.now, run: (db) => ask(at, { ...node, db }, request) }], [0]);
      assert.ok(ran !== undefined);
      const outcome = readOutcome(ran);
      if (outcome.kind === 'nothing') return count(m, 'spoiled by a busy machine');
      assert.deepEqual(outcome, { kind: 'refused', code: 'refresh_invalid' }, 'I8: what we did not issue is invalid');
      if (forgery.kind !== 'another client')
        assert.ok(!ran.statements.some(({ sql }) => sql.includes('refresh_tokens')), 'I8: garbage reached the table of tokens');
      assert.deepEqual(await readRows(system, m.rows.family.id), before, 'I8: a token that we did not issue changed something');
    },
  });
}

function forgedFrom(system: System, text: string, forgery: Forgery): string {
  const body = Buffer.from(text.slice(4), 'base64url');
  switch (forgery.kind) {
    case 'a flipped bit': {
      const bit = forgery.at % (body.length * 8);
      body[bit >> 3] = (body[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return `ptr_${body.toString('base64url')}`;
    }
    case 'cut off':
      return text.slice(0, 1 + (forgery.at % (text.length - 1)));
    case 'another key': {
      // Right in everything but the tag's key: as from another installation.
      const { keyId, familyId, gen, iat } = requireParsed(system, text);
      const key = system.ground.keys.chain(keyId);
      assert.ok(key !== null);
      const stranger = { ...key, tag: createHmac('sha256', 'a stranger').update(key.tag).digest() };
      return formatRefreshToken(stranger, { familyId, gen, issuedAt: iat * 1000, secret: secretOf(system, gen) });
    }
    case 'another client':
      return text;
  }
}

/** A browser's token in the body of a game's request, and a game's token in a cookie. */
function otherClient(system: System): System {
  return system.kind === 'browser'
    ? { ...system, kind: 'native', clientId: NATIVE_CLIENT }
    : { ...system, kind: 'browser', clientId: FIRST_PARTY_CLIENT };
}
