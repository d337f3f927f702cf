import type { Bench, Change } from './bench.ts';
import { post, proofOf } from './calls.ts';
import type { Case, GoodCase } from './case.ts';

/** Devices without a browser (RFC 8628). */

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

async function askDevice(bench: Bench, change: Change = {}, site = bench.sites.native) {
  const endpoint = bench.at.device_authorization_endpoint;
  return post({ endpoint, parameters: { scope: 'openid' }, change, proof: await proofOf(bench, site) });
}

async function poll(bench: Bench, deviceCode: string, site = bench.sites.native, change: Change = {}): Promise<string> {
  const parameters = { grant_type: DEVICE_GRANT, device_code: deviceCode };
  return (await post({ endpoint: bench.at.token_endpoint, parameters, change, proof: await proofOf(bench, site) })).words;
}

async function newDevice(bench: Bench): Promise<string> {
  return String((await askDevice(bench)).body['device_code']);
}

export const goodDevices: readonly GoodCase[] = [
  { name: 'device: a good request', expected: '200', run: async (bench) => (await askDevice(bench)).words },
];

export const deviceCases: readonly Case[] = [
  { name: 'device: nobody has answered yet', run: async (bench) => poll(bench, await newDevice(bench)) },
  { name: 'device: a code that was never made', run: (bench) => poll(bench, 'never') },
  { name: 'device: no code', run: (bench) => poll(bench, '') },
  {
    name: 'device: a code that is too old',
    run: async (bench) => {
      const code = await newDevice(bench);
      await bench.server.expireCodes();
      return poll(bench, code);
    },
  },
  { name: 'device: a client that has no devices', run: async (bench) => (await askDevice(bench, {}, bench.sites.web)).words },
  { name: 'device: polled by a client that has no devices', run: async (bench) => poll(bench, await newDevice(bench), bench.sites.web) },
  { name: 'device: asked for by nobody', run: async (bench) => (await askDevice(bench, { client_id: null })).words },
  { name: 'device: asked for by an unknown client', run: async (bench) => (await askDevice(bench, { client_id: 'nobody' })).words },
];
