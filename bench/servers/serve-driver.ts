/** The server's side of the channel to the driver: says that it listens, makes grants on demand, and never outlives the driver. */
export interface Served {
  readonly port: number;
  readonly durability: string;
  readonly prepare: (count: number) => Promise<readonly string[]>;
}

export function serveDriver({ port, durability, prepare }: Served): void {
  process.on('disconnect', () => process.exit());
  process.on('SIGTERM', () => process.exit());
  process.on('message', (message: { prepare: number }) => {
    // A failure ends the process, and the driver shows what it has printed.
    void prepare(message.prepare).then((tokens) => process.send?.({ tokens, durability }));
  });
  process.send?.({ port });
}
