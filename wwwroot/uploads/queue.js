import { ask } from './ask.js';
import { Transfer } from './transfer.js';

/** Requests to the storage at a time. Browsers open six connections to a host; two are left for the page. */
const PARALLEL = 4;
const BEGUN_AT_ONCE = 50, LARGE_AT_ONCE = 4, LARGE = 8 << 20;
const TICK = 250;
const RATE_WINDOW = 6_000;

/** Everything that is being uploaded from this tab. */
export class Queue {
  transfers = [];
  /** Bytes per second over the last seconds. */
  rate = 0;
  #waiting = new Set();
  #active = new Set();
  #sending = 0;
  #beginning = false;
  #beginAt = 0;
  #beginFailures = 0;
  #samples = [];
  #timer = 0;
  #listeners = new Set();

  constructor() {
    addEventListener('beforeunload', event => { if (this.isBusy) event.preventDefault(); });
    addEventListener('online', () => this.#active.forEach(transfer => { transfer.retryAt = 0; }));
  }

  /** Calls back with the queue at each tick while something is going on, and with a transfer when it has arrived. */
  listen(onTick, onDone) {
    const listener = { onTick, onDone };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get isBusy() { return this.transfers.some(transfer => transfer.state === 'running' || transfer.state === 'waiting'); }
  /** Nothing would be lost with this document. */
  get isDone() { return this.transfers.every(transfer => transfer.state === 'done'); }
  get sent() { return this.transfers.reduce((sum, transfer) => sum + (counts(transfer) ? transfer.sent : 0), 0); }
  get size() { return this.transfers.reduce((sum, transfer) => sum + (counts(transfer) ? transfer.size : 0), 0); }
  count(...states) { return this.transfers.reduce((sum, transfer) => sum + (states.includes(transfer.state) ? 1 : 0), 0); }

  add(bucket, prefix, items) {
    for (const { file, path, problem } of items) {
      const transfer = new Transfer(bucket, prefix + path, file ?? new File([], path), this.#told);
      this.transfers.push(transfer);
      if (problem) transfer.begin({ refused: problem });
    }
    this.transfers.forEach(transfer => { if (transfer.state === 'waiting') this.#waiting.add(transfer); });
    this.#start();
  }

  each(act) {
    this.transfers.forEach(act);
    this.#start();
  }

  /** Forgets what is over, so that the next upload begins with an empty list. */
  clear() {
    this.transfers = this.transfers.filter(transfer => !transfer.isOver);
    this.#tell();
  }

  #told = transfer => {
    const has = (set, is) => (is ? set.add(transfer) : set.delete(transfer));
    has(this.#waiting, transfer.state === 'waiting');
    has(this.#active, transfer.state === 'running');
    if (transfer.state === 'cancelled') this.transfers = this.transfers.filter(other => other !== transfer);
    if (transfer.state === 'done') this.#listeners.forEach(listener => listener.onDone?.(transfer));
    this.#start();
  };

  #start() {
    queueMicrotask(() => this.#pump());
    this.#timer ||= setInterval(() => this.#tick(), TICK);
  }

  #tick() {
    this.#measure();
    this.#pump();
    this.#tell();
    if (!this.isBusy && this.#sending === 0) {
      clearInterval(this.#timer);
      this.#timer = 0;
      this.#samples = [];
    }
  }

  #tell() { this.#listeners.forEach(listener => listener.onTick?.(this)); }

  #pump() {
    if (this.#active.size < PARALLEL && this.#waiting.size > 0) this.#begin();
    const now = Date.now();
    for (const transfer of this.#active) {
      for (let part; this.#sending < PARALLEL && (part = transfer.next(now)) !== 0;) {
        this.#sending++;
        transfer.send(part).finally(() => { this.#sending--; this.#pump(); });
        if (part < 0) break;
      }
    }
  }

  async #begin() {
    if (this.#beginning || Date.now() < this.#beginAt) return;
    this.#beginning = true;
    const batch = this.#batch();
    try {
      const { files } = await ask(batch[0].bucket, 'begin', { files: batch.map(transfer => transfer.request) });
      this.#beginFailures = 0;
      // Long names may not all have fitted into the answer: those left go on waiting.
      files.forEach((plan, i) => batch[i].begin(plan));
    } catch (error) {
      if (!error.passes) batch.forEach(transfer => transfer.begin({ refused: error.message }));
      this.#beginAt = Date.now() + Math.min(15_000, 1_000 * 2 ** this.#beginFailures++);
      batch.forEach(transfer => { if (transfer.state === 'waiting') transfer.sentence = error.message; });
    } finally {
      this.#beginning = false;
    }
  }

  /** Large files are begun a few at a time: each is a multipart upload that lies open at the storage. */
  #batch() {
    const batch = [];
    let large = 0;
    for (const transfer of this.#waiting) {
      if (batch.length >= BEGUN_AT_ONCE || transfer.bucket !== (batch[0] ?? transfer).bucket) break;
      if (transfer.size > LARGE && ++large > LARGE_AT_ONCE) break;
      batch.push(transfer);
    }
    return batch;
  }

  #measure() {
    const now = performance.now(), sent = this.sent;
    this.#samples = [...this.#samples.filter(sample => now - sample.at < RATE_WINDOW && sample.sent <= sent), { at: now, sent }];
    const first = this.#samples[0];
    this.rate = now - first.at > 400 ? ((sent - first.sent) * 1000) / (now - first.at) : 0;
  }
}

function counts(transfer) {
  return transfer.state !== 'refused' && transfer.state !== 'cancelled' && transfer.state !== 'exists';
}
