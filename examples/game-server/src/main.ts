import { createGameServer } from './game-server.ts';

/** `ISSUER=http://localhost:4000 CLIENT_ID=snake-server CLIENT_SECRET=pts_… node examples/game-server/src/main.ts` */

const { ISSUER = 'http://localhost:4000', CLIENT_ID = '', CLIENT_SECRET = '', PORT = '5003' } = process.env;
if (CLIENT_ID === '' || CLIENT_SECRET === '') throw new Error('CLIENT_ID and CLIENT_SECRET are what "portico client add" printed');

createGameServer({ issuer: ISSUER, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET }).listen(Number(PORT), '127.0.0.1', () =>
  console.log(`Players join at http://127.0.0.1:${PORT}/join`),
);
