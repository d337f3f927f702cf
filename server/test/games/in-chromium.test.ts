import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import { hydrated, launchChromium, openPage, reasonToSkip } from '../../../ui/test/browser.ts';
import { csharp, godot } from './players.ts';
import { openStage } from './stage.ts';

/** Both ways into a game with a real browser: on the player's phone, and on the machine of the game. */

for (const engine of [csharp, godot]) {
  const skip = reasonToSkip() || engine.skip;
  test(`${engine.name}: somebody signs in with Chromium, says yes to the game, and to a device after that`, { skip }, async (t) => {
    const stage = await openStage();
    t.after(() => stage.close());
    const browser = await launchChromium();
    t.after(() => browser.close());
    const { page, complaints } = await openPage(browser, {});
    const { email, password } = stage.portico.person();
    const game = await stage.play(t, engine, 'chromium');

    const way = game.player.ask('browser');
    await page.goto((await way.shown)['url'] ?? '');
    await hydrated(page);
    await page.fill('input[name="email"]', email);
    await page.fill('input[name="password"]', password);
    await page.click(`form[action="${PAGES.signIn}"] button[type="submit"]`);
    await page.waitForURL((url) => url.pathname === PAGES.consent);
    await hydrated(page);
    await page.click(`form[action="${PAGES.consent}"] button`);
    await page.getByText('go back to the game').waitFor();
    assert.notEqual(await way.done, null);

    const device = game.player.ask('device');
    const { completeUrl = '', userCode = '' } = await device.shown;
    await page.goto(completeUrl);
    await hydrated(page);
    assert.equal(await page.inputValue('input[name="userCode"]'), userCode);
    await page.click(`form[action="${PAGES.device}"] button[type="submit"]`);
    await page.click(`form[action="${PAGE_FORMS.deviceAnswer}"] button[type="submit"]`);
    assert.notEqual(await device.done, null);
    assert.deepEqual(complaints, []);
  });
}
