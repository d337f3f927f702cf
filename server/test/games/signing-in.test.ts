import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { OAUTH } from '@portico/protocol/routes';
import { GRANT_TYPES } from '../../src/oauth/grant-types.ts';
import { csharp, godot } from './players.ts';
import { openStage, type Playing, type Stage, sayNo, TOKEN } from './stage.ts';

/** How a game signs somebody in, by the files that its developers copy: by a code typed elsewhere, and by the browser of the same machine. */

const ENGINES = [csharp, godot];
const ADA = { name: 'Ada' };
let stage: Stage;

before(async () => {
  stage = await openStage();
});
after(() => stage.close());

const named = (user: unknown) => ({ name: (user as { readonly name: string } | null)?.name });
const polls = ({ id }: Playing) => stage.front.sentBy(id).filter(({ form }) => form.get('grant_type') === GRANT_TYPES.device);
/** Seconds between the polls. */
const pauses = (game: Playing) =>
  polls(game)
    .map(({ at }, nth, all) => (nth === 0 ? 0 : (at - (all[nth - 1]?.at ?? 0)) / 1000))
    .slice(1);

/** This game is told to ask each second. */
const hasten = ({ id }: Playing) => stage.front.break(id, OAUTH.deviceAuthorization, (body) => ({ ...body, interval: 1 }));

describe('the device flow', { concurrency: true }, () => {
  for (const engine of ENGINES) {
    const { name, skip } = engine;

    test(`${name}: shows a short code and an address, waits as long as it is told, and is signed in by a yes elsewhere`, {
      skip,
    }, async (t) => {
      const game = await stage.play(t, engine, 'approved');
      const { shown, done } = game.player.ask('device');
      const { userCode = '', url, completeUrl = '', qr = '' } = await shown;
      assert.match(userCode, /^[A-Z]{4}-[A-Z]{4}$/);
      assert.deepEqual([url, completeUrl], [`${stage.front.origin}/device`, `${stage.front.origin}/device?user_code=${userCode}`]);
      assert.equal(qr.split('/').length, 29, 'the picture is of the address with the code');
      await stage.front.untilSent(game.id, TOKEN, 1);
      assert.equal(await game.player.do('who'), null);
      await stage.ada.open(completeUrl);
      assert.deepEqual(named(await done), ADA);
      assert.ok(
        pauses(game).every((seconds) => seconds > 4.9),
        pauses(game).join(),
      );
      assert.equal(
        polls(game).every(({ answered }) => answered?.body['error'] !== 'slow_down'),
        true,
      );
      assert.match(await game.player.token(), /^eyJ/);
    });

    test(`${name}: a no elsewhere is a refusal, and nothing is kept`, { skip }, async (t) => {
      const game = await stage.play(t, engine, 'denied');
      hasten(game);
      const { shown, done } = game.player.ask('device');
      await sayNo(stage, (await shown)['completeUrl'] ?? '');
      await assert.rejects(done, { message: 'refused access_denied' });
      assert.deepEqual([await game.player.do('who'), existsSync(game.folder)], [null, false]);
    });

    for (const [what, fault] of [
      ['told to slow down', { status: 400, body: '{"error":"slow_down"}' }],
      ['when the network fails', 'cut'],
    ] as const)
      test(`${name}: ${what}, it waits five seconds longer from then on`, { skip }, async (t) => {
        const game = await stage.play(t, engine, fault === 'cut' ? 'cut' : 'slow');
        hasten(game);
        stage.front.break(game.id, TOKEN, fault);
        const { shown, done } = game.player.ask('device');
        const { completeUrl = '' } = await shown;
        await stage.ada.open(completeUrl);
        assert.deepEqual(named(await done), ADA);
        assert.equal(pauses(game).length, 1);
        assert.ok((pauses(game)[0] ?? 0) > 5.9, pauses(game).join());
      });
  }
});

test('a code that nobody answers in time is a refusal, in both', { skip: csharp.skip || godot.skip }, async (t) => {
  await Promise.all(
    ENGINES.map(async (engine) => {
      const game = await stage.play(t, engine, 'late');
      hasten(game);
      const { shown, done } = game.player.ask('device');
      await shown;
      await stage.portico.expireCodes();
      await assert.rejects(done, { message: 'refused expired_token' });
    }),
  );
});

describe('by the browser of this machine', { concurrency: true }, () => {
  for (const engine of ENGINES) {
    const { name, skip } = engine;

    test(`${name}: signs in at a port of its own on 127.0.0.1, with PKCE`, { skip }, async (t) => {
      const game = await stage.play(t, engine, 'loopback');
      const { shown, done } = game.player.ask('browser');
      const url = new URL((await shown)['url'] ?? '');
      assert.match(url.searchParams.get('redirect_uri') ?? '', /^http:\/\/127\.0\.0\.1:\d+\/callback$/);
      assert.equal(url.searchParams.get('code_challenge_method'), 'S256');
      assert.match(url.searchParams.get('state') ?? '', /^[\w-]{43}$/);
      const seen = await stage.ada.open(url.href);
      assert.equal(seen.text, 'Done. You can close this page and go back to the game.');
      assert.equal(seen.headers.get('cache-control'), 'no-store');
      assert.deepEqual(named(await done), ADA);
      const [redeemed] = stage.front.sentBy(game.id).filter(({ path }) => path === TOKEN);
      assert.match(redeemed?.form.get('code_verifier') ?? '', /^[\w-]{43}$/);
      await assert.rejects(fetch(seen.url), 'nothing listens there any more');
    });

    test(`${name}: what a stranger's page sends to that port ends nothing, and no silent connection keeps the answer waiting`, {
      skip,
    }, async (t) => {
      const game = await stage.play(t, engine, 'planted');
      const { shown, done } = game.player.ask('browser');
      const url = new URL((await shown)['url'] ?? '');
      const [back, state, iss] = [url.searchParams.get('redirect_uri'), url.searchParams.get('state') ?? '', stage.front.origin];
      const silent = connect(Number(new URL(back ?? '').port), '127.0.0.1');
      t.after(() => silent.destroy());
      await once(silent, 'connect');
      const planted = [
        { code: 'x', iss },
        { code: 'x', iss, state: 'x' },
        { code: 'x', state },
        { code: 'x', state, iss: 'https://evil.example' },
        { error: 'access_denied', iss },
      ].map((values) => `${back}?${new URLSearchParams(values)}`);
      const twice = `${back}?state=x&${new URLSearchParams({ code: 'x', iss, state })}`;
      for (const address of [...planted, twice, `${back}`, new URL('/favicon.ico', back ?? '').href])
        assert.equal((await fetch(address)).status, 404, address);
      assert.equal((await fetch(`${back}?${new URLSearchParams({ code: 'x', iss, state })}`, { method: 'POST' })).status, 404);
      await stage.ada.open(url.href);
      assert.deepEqual(named(await done), ADA);
    });

    test(`${name}: a no at Portico is a refusal, and so is a code that is none`, { skip }, async (t) => {
      const game = await stage.play(t, engine, 'refused');
      const comeBack = async (values: Readonly<Record<string, string>>) => {
        const { shown, done } = game.player.ask('browser');
        done.catch(() => undefined);
        const asked = new URL((await shown)['url'] ?? '').searchParams;
        const answer = new URLSearchParams({ ...values, state: asked.get('state') ?? '', iss: stage.front.origin });
        assert.equal((await fetch(`${asked.get('redirect_uri')}?${answer}`)).status, 200);
        return done;
      };
      await assert.rejects(comeBack({ error: 'access_denied' }), { message: 'refused access_denied' });
      await assert.rejects(comeBack({ code: 'x' }), { message: 'refused invalid_grant' });
      assert.equal(await game.player.do('who'), null);
    });
  }
});
