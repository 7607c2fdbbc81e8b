// Uploads: from this browser straight to S3, through addresses that Portal signs. Files come in through a zone: what is dropped anywhere on
// its page or picked with one of its inputs. The queue and its panel live as long as the tab, whatever page is shown.
import { CutOff } from './uploads/cutoff.js';
import { dropped, picked } from './uploads/dropped.js';
import { otherAddress, permits, reloadFor } from './uploads/policy.js';
import { Queue } from './uploads/queue.js';
import { Panel } from './uploads/panel.js';

const queue = new Queue();
const cutOff = new CutOff(queue, () => panel.draw());
const panel = new Panel(queue, cutOff);

/** Pages that are told some at a time, not of each of ten thousand files. */
const PAUSE = 700;

/**
 * @param zone the element that shows where a drop would go; its inputs of type file pick
 * @param owner is told Uploaded() some time after files have arrived in this bucket
 * @param endpoint where they are to go
 */
export function attach(zone, owner, bucket, prefix, endpoint) {
  const target = { bucket, prefix, endpoint };
  const ended = new AbortController(), signal = ended.signal;
  let depth = 0, timer = 0, walking = 0;
  const light = is => zone.classList.toggle('dropping', is);
  const begin = items => {
    // Nothing is begun at the storage that could not be sent there.
    const problem = permits(target.endpoint) ? undefined : otherAddress;
    queue.add(target.bucket, target.prefix, items.map(item => ({ problem, ...item })));
    panel.draw();
  };
  const look = () => {
    const isReloading = !permits(target.endpoint) && walking === 0 && queue.isDone && reloadFor(target.endpoint);
    if (!isReloading) zone.dataset.takes = 'files';
    cutOff.look(target.bucket);
  };
  const has = event => event.dataTransfer?.types.includes('Files');
  document.addEventListener('dragenter', event => { if (has(event)) light(++depth > 0); }, { signal });
  document.addEventListener('dragleave', event => { if (has(event)) light(--depth > 0); }, { signal });
  document.addEventListener('dragover', event => { if (has(event)) event.preventDefault(); }, { signal });
  document.addEventListener('drop', async event => {
    if (!has(event)) return;
    event.preventDefault();
    light((depth = 0) > 0);
    walking++;
    try {
      begin(await dropped(event.dataTransfer));
    } finally {
      walking--;
    }
  }, { signal });
  zone.addEventListener('change', event => { if (event.target.type === 'file') begin(picked(event.target)); }, { signal });
  const deaf = queue.listen(undefined, transfer => {
    if (transfer.bucket !== target.bucket) return;
    timer ||= setTimeout(() => { timer = 0; owner.invokeMethodAsync('Uploaded').catch(() => {}); }, PAUSE);
  });
  look();
  return {
    move: (toBucket, toPrefix, toEndpoint) => {
      const isOther = toBucket !== target.bucket;
      Object.assign(target, { bucket: toBucket, prefix: toPrefix, endpoint: toEndpoint });
      // The one that is looked at is not loaded anew under somebody's hands: a drop is told.
      if (isOther) look();
    },
    close: () => {
      ended.abort();
      delete zone.dataset.takes;
      deaf();
      clearTimeout(timer);
    },
  };
}
