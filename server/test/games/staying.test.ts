import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { OAUTH } from '@portico/protocol/routes';
import { csharp, godot } from './players.ts';
import { openStage, type Playing, type Stage, signIn, TOKEN } from './stage.ts';

/** How a game stays signed in whatever the network and the machine do, and how it is signed out. */

let stage: Stage;
before(async () => {
  stage = await openStage();
});
after(() => stage.close());

const refreshes = ({ id }: Playing) => stage.front.sentBy(id).filter(({ form }) => form.get('grant_type') === 'refresh_token');
/** What was sent to renew the sign-in: the token and the attempt. */
const spent = (game: Playing) => refreshes(game).map(({ form, attempt }) => [form.get('refresh_token'), attempt]);
const newest = (game: Playing) =>
  String(stage.front.sentBy(game.id).findLast(({ answered }) => answered?.body['refresh_token'])?.answered?.body['refresh_token']);
const post = (path: string, values: Readonly<Record<string, string>>) =>
  fetch(stage.front.origin + path, { method: 'POST', body: new URLSearchParams(values) });

describe('signed in', { concurrency: 3 }, () => {
  for (const engine of [csharp, godot]) {
    const { name, skip } = engine;
    const play = async (t: Parameters<Stage['play']>[0], id: string) => {
      const game = await stage.play(t, engine, id);
      await signIn(stage, game.player);
      return game;
    };
    /** Renews the access token, by refusing the one that there is. */
    const renew = async ({ player }: Playing) => player.token(await player.token());

    test(`${name}: has a token at any time, and another one when that was refused, each time by an attempt of its own`, {
      skip,
    }, async (t) => {
      const game = await play(t, 'renewing');
      const first = await game.player.token();
      assert.equal(await game.player.token(), first);
      assert.deepEqual(refreshes(game), []);
      const second = await game.player.token(first);
      assert.notEqual(second, first);
      assert.equal(await game.player.token(first), second, 'that one was replaced already');
      const crowd = await Promise.all(Array.from({ length: 10 }, () => game.player.token(second)));
      assert.equal(new Set(crowd).size, 1);
      assert.equal(refreshes(game).length, 2, 'ten callers, one renewal');
      const attempts = refreshes(game).map(({ attempt }) => attempt ?? '');
      assert.match(attempts[0] ?? '', /^0\.[\w-]{22}$/);
      assert.match(attempts[1] ?? '', /^1\.[\w-]{22}$/);
      assert.notEqual(attempts[0]?.slice(2), attempts[1]?.slice(2));
    });

    test(`${name}: renews ahead of the end, and takes what it has as long as that is good when Portico is away`, { skip }, async (t) => {
      const game = await stage.play(t, engine, 'ahead');
      stage.front.break(game.id, TOKEN, (body) => ({ ...body, expires_in: 20 }));
      await signIn(stage, game.player);
      stage.front.break(game.id, TOKEN, 'cut', { always: true });
      const first = await game.player.token();
      assert.match(first, /^eyJ/);
      stage.front.mend(game.id);
      assert.notEqual(await game.player.token(), first);
      const fresh = await game.again();
      stage.front.break(game.id, TOKEN, (body) => ({ ...body, expires_in: 0 }));
      const over = await fresh.token();
      stage.front.break(game.id, TOKEN, 'cut');
      assert.equal(await fresh.refusal('token'), 'trouble unreachable', 'what is over is not given');
      assert.notEqual(await fresh.token(), over);
    });

    test(`${name}: an answer that was lost is fetched again with the same attempt, and nobody is signed out`, { skip }, async (t) => {
      const game = await play(t, 'lost');
      stage.front.break(game.id, TOKEN, 'lose');
      assert.equal(await game.player.refusal(`token ${await game.player.token()}`), 'trouble unreachable');
      await renew(game);
      await renew(game);
      const [lost, again, next] = spent(game);
      assert.deepEqual(lost, again);
      assert.notEqual(again?.[0], next?.[0]);
      assert.deepEqual(
        refreshes(game).map(({ answered }) => answered?.status),
        [200, 200, 200],
      );
    });

    test(`${name}: killed before it could keep what it was sent, it is still signed in at the next start`, { skip }, async (t) => {
      const game = await play(t, 'killed');
      stage.front.break(game.id, TOKEN, 'hold');
      const { done } = game.player.ask(`token ${await game.player.token()}`);
      await stage.front.untilAnswered(game.id, TOKEN, 2);
      await game.player.kill();
      await assert.rejects(done, /the game ended/);
      const next = await game.again();
      assert.match(String(await next.token()), /^eyJ/);
      const [before, afterwards] = spent(game);
      assert.deepEqual(before, afterwards);
      assert.notEqual(await next.do('who'), null);
      await next.token(await next.token());
      assert.equal(refreshes(game).at(-1)?.answered?.status, 200);
    });

    test(`${name}: trouble signs nobody out`, { skip }, async (t) => {
      const game = await play(t, 'trouble');
      const token = await game.player.token();
      const portal = { status: 200, body: '<html>Welcome to the hotel</html>' };
      const elsewhere = { status: 302, body: '', headers: { location: `${stage.front.origin}/elsewhere` } };
      for (const [fault, expected] of [
        ['cut', 'trouble unreachable'],
        [portal, 'trouble bad_answer'],
        [{ ...portal, status: 400 }, 'trouble bad_answer'],
        [{ status: 400, body: '["invalid_grant"]' }, 'trouble bad_answer'],
        [{ status: 200, body: '{}' }, 'trouble bad_answer'],
        [elsewhere, engine === csharp ? 'trouble status_302' : 'trouble unreachable'],
        [{ status: 401, body: '{"error":"invalid_client"}' }, 'trouble invalid_client'],
        [{ status: 429, body: '{"error":"too_many_requests"}' }, 'trouble too_many_requests'],
        [{ status: 500, body: '{"error":"invalid_grant"}' }, 'trouble invalid_grant'],
        [{ status: 503, body: '{"error":"unavailable"}' }, 'trouble unavailable'],
      ] as const) {
        stage.front.break(game.id, TOKEN, fault);
        assert.equal(await game.player.refusal(`token ${token}`), expected);
      }
      assert.equal(stage.front.wentTo('/elsewhere'), 0, 'no redirect is followed');
      assert.notEqual(await game.player.do('who'), null);
      assert.notEqual(await game.player.token(token), token);
      assert.equal(new Set(refreshes(game).map(({ attempt }) => attempt)).size, 1);
    });

    test(`${name}: an attempt that cannot be kept is not sent, and nobody is signed out`, { skip }, async (t) => {
      const game = await play(t, 'full');
      await renew(game);
      const [first = ''] = readdirSync(game.folder).filter((file) => file.startsWith('attempt-'));
      const next = join(game.folder, first.replace(/0$/, '1'));
      writeFileSync(next, '');
      assert.equal(await game.player.refusal(`token ${await game.player.token()}`), 'trouble not_stored');
      assert.equal(refreshes(game).length, 1);
      rmSync(next);
      assert.match(await renew(game), /^eyJ/);
    });

    test(`${name}: told that the token is being refreshed, it asks again with the same attempt`, { skip }, async (t) => {
      const game = await play(t, 'busy');
      const busy = { status: 503, body: '{"error":"temporarily_unavailable"}', headers: { 'retry-after': '1' } };
      stage.front.break(game.id, TOKEN, busy);
      assert.match(await renew(game), /^eyJ/);
      const [first, second] = refreshes(game);
      assert.equal(first?.attempt, second?.attempt);
      assert.ok((second?.at ?? 0) - (first?.at ?? 0) > 990);
    });

    test(`${name}: two windows that share a sign-in renew it at once, again and again, and both stay`, { skip }, async (t) => {
      const game = await play(t, 'windows');
      const windows = [game.player, await game.again(), await game.again()];
      for (let round = 0; round < 6; round += 1) {
        const tokens = await Promise.all(windows.map(async (one) => one.token(await one.token())));
        for (const token of tokens) assert.match(token, /^eyJ/);
      }
      const attempts = new Map(spent(game).map(([token, attempt]) => [token, new Set<string | null | undefined>().add(attempt)]));
      for (const [token, attempt] of spent(game)) attempts.get(token ?? '')?.add(attempt);
      assert.ok(
        [...attempts.values()].every(({ size }) => size === 1),
        'one attempt for one token',
      );
    });

    test(`${name}: an answer that comes late brings back neither an older link nor a sign-in that was ended meanwhile`, {
      skip,
    }, async (t) => {
      const game = await play(t, 'late');
      const other = await game.again();
      const kept = join(game.folder, 'sign-in.json');
      const late = Promise.withResolvers<void>();
      stage.front.break(game.id, TOKEN, { until: late.promise });
      const { done } = other.ask('token');
      await stage.front.untilAnswered(game.id, TOKEN, 2);
      await renew(game);
      await renew(game);
      const before = readFileSync(kept, 'utf8');
      late.resolve();
      assert.match(String(await done), /^eyJ/);
      assert.equal(readFileSync(kept, 'utf8'), before);

      const later = Promise.withResolvers<void>();
      stage.front.break(game.id, TOKEN, { until: later.promise });
      const last = other.ask(`token ${await other.token()}`);
      await stage.front.untilAnswered(game.id, TOKEN, 5);
      await game.player.do('sign-out');
      later.resolve();
      await assert.rejects(last.done, { message: 'ended signed_out' });
      assert.deepEqual([existsSync(kept), await other.do('who')], [false, null]);
    });

    test(`${name}: ended elsewhere, it says so once it asks, and keeps nothing`, { skip }, async (t) => {
      const game = await play(t, 'ended');
      assert.equal((await post(OAUTH.revoke, { client_id: game.id, token: newest(game) })).status, 200);
      assert.equal(await game.player.refusal(`token ${await game.player.token()}`), 'ended invalid_grant');
      assert.equal(await game.player.do('who'), null);
      assert.equal(await (await game.again()).do('who'), null);
      assert.equal(await game.player.refusal('token'), 'ended signed_out');
      assert.ok(!existsSync(join(game.folder, 'sign-in.json')));
    });

    test(`${name}: told where a held sign-in is brought back, it hands that on`, { skip }, async (t) => {
      const game = await play(t, 'held');
      const body = JSON.stringify({ error: 'invalid_grant', portico_verify_url: 'https://auth.example.com/auth/verify-signin' });
      stage.front.break(game.id, TOKEN, { status: 400, body });
      const { done } = game.player.ask(`token ${await game.player.token()}`);
      await assert.rejects(done, ({ told }: { told: { verifyUrl: string } }) => told.verifyUrl.endsWith('/auth/verify-signin'));
    });

    test(`${name}: signs out at Portico, and not only here; what Portico was not told has not happened`, { skip }, async (t) => {
      const game = await play(t, 'leaving');
      stage.front.break(game.id, OAUTH.revoke, 'cut');
      assert.equal(await game.player.refusal('sign-out'), 'trouble unreachable');
      stage.front.break(game.id, OAUTH.revoke, { status: 401, body: '{"error":"invalid_client"}' });
      assert.equal(await game.player.refusal('sign-out'), 'trouble invalid_client');
      assert.notEqual(await game.player.do('who'), null);
      assert.match(await renew(game), /^eyJ/);
      const token = newest(game);
      await game.player.do('sign-out');
      assert.deepEqual([await game.player.do('who'), await game.player.refusal('token')], [null, 'ended signed_out']);
      assert.equal((await post(TOKEN, { client_id: game.id, grant_type: 'refresh_token', refresh_token: token })).status, 400);
      await signIn(stage, game.player);
      stage.front.break(game.id, OAUTH.revoke, 'cut', { always: true });
      await game.player.do('sign-out local');
      assert.equal(await game.player.do('who'), null);
    });

    test(`${name}: what is kept can be read by nobody else on the machine, and is forgotten after some generations`, {
      skip,
    }, async (t) => {
      const game = await play(t, 'private');
      for (let generation = 0; generation < 11; generation += 1) await renew(game);
      assert.equal(statSync(game.folder).mode & 0o777, 0o700);
      if (engine === csharp) assert.equal(statSync(join(game.folder, 'sign-in.json')).mode & 0o777, 0o600);
      const kept = readdirSync(game.folder).filter((file) => file !== 'sign-in.json');
      assert.equal(kept.length, 8, kept.join());
      assert.ok(
        kept.every((file) => /^attempt-[\da-fA-F]{32}-\d+$/.test(file)),
        kept.join(),
      );
      await game.player.do('sign-out');
      assert.deepEqual(existsSync(game.folder) ? readdirSync(game.folder) : [], []);
    });
  }

  test(`${godot.name}: a game that is paused is signed in all the same`, { skip: godot.skip }, async (t) => {
    const game = await stage.play(t, godot, 'paused');
    await game.player.do('pause');
    await signIn(stage, game.player);
    const token = await game.player.token();
    assert.notEqual(await game.player.token(token), token);
  });
});
