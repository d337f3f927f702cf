export { handle } from './portico.ts';
