/** One event of a stream (text/event-stream, as Portico writes it). */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/** An event that is longer than this is none of Portico's: half a million revocations at once. */
const EVENT_MAX = 64 * 1024 * 1024;

/** Reads a body event by event, however it was cut on the way. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of body) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > EVENT_MAX) throw new Error('an event has no end');
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(part)?.[1] ?? '';
      yield { event: field('event'), data: field('data') };
    }
  }
}
