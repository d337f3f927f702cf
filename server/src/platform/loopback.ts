/** The machine's own names, as the pages know them too. */
export { isLoopbackHost } from '@portico/protocol/addresses';
