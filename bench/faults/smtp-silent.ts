import { setTimeout as sleep } from 'node:timers/promises';
import { signUp } from './acts/accounts.ts';
import type { Fault } from './play.ts';

export const smtpSilent: Fault = {
  name: 'smtp-silent',
  sentence: 'the mail server takes every connection and says nothing; the letters come later',
  async strike({ stage, people, lasting }) {
    stage.toMail.freeze();
    await Promise.all(people.everybody.map(signUp));
    await sleep(lasting);
    await people.getOn(10);
    // What waited on a dead connection stays there: the mail server comes back on new ones.
    stage.toMail.cut();
    stage.toMail.thaw();
  },
};
