import { createServer } from 'node:http';
import { createRtkApp } from './rtk-app.ts';

/** `CLIENT_ID=scores node examples/rtk-app/src/main.ts`, after `npm run build -w examples/rtk-app`. */

const { ISSUER = 'http://localhost:4000', CLIENT_ID = '', PORT = '5003' } = process.env;
if (CLIENT_ID === '') throw new Error('CLIENT_ID is what "portico client add" printed');

const { handle } = createRtkApp({ issuer: ISSUER, clientId: CLIENT_ID });
createServer(handle).listen(Number(PORT), '127.0.0.1', () => console.log(`${CLIENT_ID} is at http://localhost:${PORT}`));
