// Uploads that a reload or a closed tab cut off. This browser remembers which they were: they go on when the same files come again, or are
// given up.
import { ask, forgetMemory, memories } from './ask.js';

/** How long other tabs have to say that an upload is theirs and under way. */
const PATIENCE = 300;

export class CutOff {
  #queue;
  #found = [];
  #maybe = [];
  #bucket = '';
  #told;
  #channel = new BroadcastChannel('portal-uploads');

  /** @param told is called when the list has changed */
  constructor(queue, told) {
    this.#queue = queue;
    this.#told = told;
    this.#channel.onmessage = ({ data }) => {
      if (data.who) this.#channel.postMessage({ mine: this.#mine() });
      else this.#drop(data.mine);
    };
  }

  /** Those of the bucket that no tab is sending any more: [{ key, uploadId, name }]. */
  get all() {
    const mine = this.#mine();
    return this.#found.filter(one => !mine.includes(one.uploadId));
  }

  /** Another bucket is shown: the uploads of its own are looked for. */
  look(bucket) {
    if (this.#bucket === bucket) return;
    this.#bucket = bucket;
    this.#found = [];
    const found = memories(bucket);
    if (found.length === 0) return;
    this.#maybe = found;
    this.#channel.postMessage({ who: true });
    setTimeout(() => {
      if (this.#bucket !== bucket) return;
      this.#found = this.#maybe;
      this.#told();
    }, PATIENCE);
  }

  /** Gives all of them up: what was sent is removed from the storage. */
  discard() {
    for (const { name, key, uploadId } of this.all) {
      forgetMemory(name);
      ask(this.#bucket, 'abort', { key, uploadId }).catch(() => {});
    }
    this.#found = [];
  }

  /** Not now; the next time that the bucket is opened they are told again. */
  hide() { this.#found = []; }

  #mine() {
    return this.#queue.transfers.map(transfer => transfer.uploadId).filter(Boolean);
  }

  #drop(ids) {
    this.#maybe = this.#maybe.filter(one => !ids.includes(one.uploadId));
    this.#found = this.#found.filter(one => !ids.includes(one.uploadId));
  }
}
