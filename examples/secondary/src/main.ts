import { createSecondary } from './secondary.ts';

/** `CLIENT_ID=game CLIENT_SECRET=pts_… node examples/secondary/src/main.ts` */

const { MAIN_URL = 'http://127.0.0.1:4000', AUTH_ORIGIN = 'http://auth.example.localhost:4000', PORT = '5002' } = process.env;
const { CLIENT_ID = '', CLIENT_SECRET = '', BASE_URL = `http://game.example.localhost:${PORT}` } = process.env;
if (CLIENT_ID === '' || CLIENT_SECRET === '') throw new Error('CLIENT_ID and CLIENT_SECRET are what "portico client add" printed');

createSecondary({
  issuer: AUTH_ORIGIN,
  url: MAIN_URL,
  authOrigin: AUTH_ORIGIN,
  baseUrl: BASE_URL,
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
}).listen(Number(PORT), '127.0.0.1', () => console.log(`${CLIENT_ID} is at ${BASE_URL}`));
