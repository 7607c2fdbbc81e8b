import { ask, forget, Refusal, remember, remembered } from './ask.js';
import { put } from './part.js';

const FIRST_WAIT = 1_000, LONGEST_WAIT = 15_000;
/** Failures in a row before the person is asked; with the waits in between about five minutes. */
const PATIENCE = 25;
/** Addresses are signed for an hour. */
const FRESH = 45 * 60_000;
const SIGNED_AT_ONCE = 16;

/**
 * One file on its way to one key. The queue tells it which part to send; it knows which are there, and keeps them whatever happens.
 * States: waiting, exists, running, paused, failed, refused, done, cancelled.
 */
export class Transfer {
  state = 'waiting';
  sentence = '';
  uploadId = null;
  replace = false;
  retryAt = 0;
  #type = '';
  #parts = 1;
  #partSize = 0;
  #done = new Set();
  #flying = new Map();
  #urls = new Map();
  #signing = null;
  #failures = 0;
  #completing = false;

  constructor(bucket, key, file, told) {
    Object.assign(this, { bucket, key, file, told });
    this.#partSize = file.size;
  }

  get name() { return this.key.slice(this.key.lastIndexOf('/') + 1); }
  get size() { return this.file.size; }
  get isOver() { return this.state === 'done' || this.state === 'cancelled' || this.state === 'refused'; }

  /** Bytes that are there or on their way. */
  get sent() {
    if (this.state === 'done') return this.size;
    let bytes = 0;
    for (const part of this.#done) bytes += this.#length(part);
    for (const { loaded } of this.#flying.values()) bytes += loaded;
    return bytes;
  }

  /** What Portal is told of it before it begins. */
  get request() {
    return { key: this.key, size: this.size, type: this.file.type, uploadId: this.uploadId ?? remembered(this), replace: this.replace };
  }

  /** What Portal answered: refused, exists, or a plan of how to send it. */
  begin(plan) {
    // Cancelled before the answer came.
    if (this.state === 'cancelled' && plan.uploadId) this.#abort(plan.uploadId);
    if (this.state !== 'waiting') return;
    if (plan.refused) return this.#become('refused', plan.refused);
    if (plan.exists) return this.#become('exists');
    this.#type = plan.type;
    if (plan.uploadId) {
      this.uploadId = plan.uploadId;
      this.#partSize = plan.partSize;
      this.#parts = Math.ceil(this.size / plan.partSize);
      this.#done = new Set(plan.done);
      remember(this);
    } else {
      this.#urls.set(1, { url: plan.url, at: Date.now() });
    }
    this.#become('running');
  }

  /** A part that may be sent now, or 0. When all are there, completing is what remains to be done: −1. */
  next(now) {
    if (this.state !== 'running' || now < this.retryAt || this.#completing) return 0;
    for (let part = 1; part <= this.#parts; part++) if (!this.#done.has(part) && !this.#flying.has(part)) return part;
    return this.#flying.size === 0 ? -1 : 0;
  }

  /** Sends the part, or completes; never rejects. */
  async send(part) {
    try {
      await (part < 0 ? this.#complete() : this.#put(part));
      this.#failures = 0;
      if (this.state === 'running') this.sentence = '';
    } catch (error) {
      await this.#failed(error);
    }
    this.told(this);
  }

  pause() {
    if (this.state !== 'running' && this.state !== 'waiting') return;
    this.#become('paused');
    this.#land();
  }

  /** After a pause or a failure: goes on with what is missing. */
  resume() {
    if (this.state !== 'paused' && this.state !== 'failed') return;
    this.#failures = this.retryAt = 0;
    this.#become(this.#urls.size > 0 || this.uploadId ? 'running' : 'waiting');
  }

  /** What exists already: over it, or not. */
  decide(replace) {
    if (this.state !== 'exists') return;
    this.replace = replace;
    this.#become(replace ? 'waiting' : 'cancelled');
  }

  cancel() {
    if (this.isOver) return;
    this.#become('cancelled');
    this.#land();
    forget(this);
    if (this.uploadId) this.#abort(this.uploadId);
  }

  /** What was sent is billed until it is aborted. If this call is lost, the bucket's lifecycle or a later look finds it. */
  #abort(uploadId) {
    ask(this.bucket, 'abort', { key: this.key, uploadId }).catch(() => {});
  }

  async #put(part) {
    const flight = { loaded: 0, stop: new AbortController() };
    this.#flying.set(part, flight);
    try {
      const url = await this.#address(part);
      flight.stop.signal.throwIfAborted();
      const from = (part - 1) * this.#partSize;
      const [piece, type] = [this.file.slice(from, from + this.#length(part)), this.uploadId ? '' : this.#type];
      await put(url, piece, type, flight.stop.signal, loaded => { flight.loaded = loaded; });
      this.#done.add(part);
      if (!this.uploadId) this.#finish();
    } finally {
      this.#flying.delete(part);
    }
  }

  /** Signed addresses are asked for some at a time, and again when they are old or one of them failed. */
  async #address(part) {
    const known = this.#urls.get(part);
    if (known && Date.now() - known.at < FRESH) return known.url;
    this.#signing ??= this.#sign(part).finally(() => { this.#signing = null; });
    await this.#signing;
    return this.#urls.get(part)?.url ?? this.#address(part);
  }

  async #sign(first) {
    if (!this.uploadId) {
      const [plan] = (await ask(this.bucket, 'begin', { files: [{ ...this.request, replace: true }] })).files;
      if (plan.refused) throw new Refusal(400, '', plan.refused);
      this.#urls.set(1, { url: plan.url, at: Date.now() });
      return;
    }
    const parts = [];
    for (let part = first; part <= this.#parts && parts.length < SIGNED_AT_ONCE; part++) if (!this.#done.has(part)) parts.push(part);
    const { urls } = await ask(this.bucket, 'sign', { key: this.key, uploadId: this.uploadId, parts });
    // With a long name some fewer than were asked for.
    urls.forEach((url, i) => this.#urls.set(parts[i], { url, at: Date.now() }));
  }

  async #complete() {
    this.#completing = true;
    try {
      const { missing } = await ask(this.bucket, 'complete', { key: this.key, uploadId: this.uploadId, size: this.size });
      if (missing) missing.forEach(part => this.#done.delete(part));
      else this.#finish();
    } finally {
      this.#completing = false;
    }
  }

  #finish() {
    if (this.state === 'cancelled') return;
    forget(this);
    this.#become('done');
  }

  async #failed(error) {
    this.#urls.clear();
    if (error.name === 'AbortError' || this.state !== 'running') return;
    if (!(await this.#isReadable())) return this.#become('failed', 'The file has changed or is gone on this computer.');
    if (error.code === 'NoSuchUpload') return this.#beginAnew();
    // A signature may have grown old while the computer slept: signed anew, it passes.
    if (!error.passes && !(error.status === 403 && error.code !== 'QuotaExceeded' && this.#failures < 2)) {
      this.#become('failed', error.message);
      return this.#land();
    }
    if (Date.now() < this.retryAt) return; // Several parts failed together: that is one failure.
    if (++this.#failures > PATIENCE) return this.#become('failed', 'The storage does not answer. What was sent is kept.');
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this.#failures - 1));
    this.retryAt = Date.now() + wait * (0.75 + Math.random() / 4);
    this.sentence = `No answer; trying again in ${Math.ceil(wait / 1000)} s`;
  }

  /** Somebody aborted the upload; nothing of it is left. */
  #beginAnew() {
    forget(this);
    this.#done.clear();
    this.uploadId = null;
    this.replace = true;
    this.#land();
    this.#become(++this.#failures > PATIENCE ? 'failed' : 'waiting', 'The upload was aborted elsewhere.');
  }

  async #isReadable() {
    try {
      await this.file.slice(0, 1).arrayBuffer();
      return true;
    } catch {
      return false;
    }
  }

  #land() {
    for (const flight of this.#flying.values()) flight.stop.abort();
  }

  #length(part) {
    return this.#parts === 1 ? this.size : Math.min(this.#partSize, this.size - (part - 1) * this.#partSize);
  }

  #become(state, sentence = '') {
    this.state = state;
    this.sentence = sentence;
    this.told(this);
  }
}
